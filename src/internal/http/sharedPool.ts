import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { HttpsTransport, layer } from "./httpsTransport.js"

/** A pool of connections that outlives each of its users, and keeps none open while it has no user. */
export class SharedPool {
  readonly transport: HttpsTransport
  #users = 0

  constructor() {
    const scope = Effect.runSync(Scope.make())
    this.transport = Context.get(Effect.runSync(Layer.buildWithScope(layer, scope)), HttpsTransport)
  }

  /** Until the function that it gives is called. */
  use(): () => void {
    this.#users += 1
    return () => {
      this.#users -= 1
      if (this.#users === 0) {
        this.transport.closeIdle()
      }
    }
  }
}
