import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

export interface CollectedSpan {
  readonly name: string
  /** The name of the span that it is part of. */
  readonly parent: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  /** Everything that an exporter may show of it. */
  readonly shown: ReadonlyArray<unknown>
}

/** The spans of an effect and of what it leaves running, in the order in which they began. */
export const collectingSpans = <A, E, R>(
  test: (spans: Effect.Effect<ReadonlyArray<CollectedSpan>>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const collected: Array<CollectedSpan> = []
    const tracer = Tracer.make({
      context: (run) => run(),
      span: (name, parent, context, links, startTime, kind) => {
        const attributes: Record<string, unknown> = {}
        const shown: Array<unknown> = [attributes, links]
        collected.push({
          name,
          parent: Option.getOrUndefined(Option.map(parent, (span) => span._tag === "Span" ? span.name : "external")),
          attributes,
          shown
        })
        return {
          _tag: "Span",
          name,
          spanId: String(collected.length),
          traceId: "trace",
          parent,
          context,
          status: { _tag: "Started", startTime },
          attributes: new Map(),
          links,
          sampled: true,
          kind,
          // What a span succeeds with, no exporter shows.
          end: (_, exit) => Exit.isFailure(exit) && shown.push(exit.cause),
          attribute: (key, value) => {
            attributes[key] = value
          },
          event: (...event) => shown.push(event),
          addLinks: (more) => shown.push(more)
        }
      }
    })
    return Effect.withTracer(test(Effect.sync(() => [...collected])), tracer)
  })
