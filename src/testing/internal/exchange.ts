import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ApiServer, LeaseRequest } from "../../internal/memory/apiServer.js"
import type { Json } from "../../internal/memory/json.js"
import type { Answer } from "../../internal/memory/status.js"
import * as Status from "../../internal/memory/status.js"
import { watchStream } from "../../internal/memory/watchStream.js"
import type { Account, Attributes } from "./accounts.js"
import * as Accounts from "./accounts.js"
import * as Discovery from "./discovery.js"
import type { Reply } from "./reply.js"
import * as Replies from "./reply.js"
import type { Route } from "./routes.js"
import * as Routes from "./routes.js"
import * as Table from "./table.js"

/** A request as it came over the wire. */
export interface HttpRequest {
  readonly method: string
  readonly url: URL
  readonly headers: {
    readonly accept?: string | undefined
    readonly authorization?: string | undefined
    readonly contentType?: string | undefined
    readonly userAgent?: string | undefined
  }
  readonly body: string
}

/** What the server says to a request, with everything that a real one checks before. */
export const exchange = (
  server: ApiServer,
  accountOf: (token: string) => Account | undefined,
  request: HttpRequest
): Effect.Effect<Reply> =>
  Effect.flatMap(server.nowMillis, (nowMillis) => {
    const account = authenticate(accountOf, request, nowMillis)
    const target = Routes.route(request.method, request.url)
    const answered = (answer: Answer) => Effect.succeed(Replies.fromAnswer(answer, nowMillis))
    if (account === undefined) {
      return answered(Accounts.unauthorized)
    }
    switch (target.kind) {
      case "Path":
        return Effect.succeed(pathReply(server, account, request, target.path, nowMillis))
      case "MethodNotAllowed":
        return answered(methodNotAllowed)
      case "Leases":
        return Accounts.may(account, target)
          ? leases(server, request, target, nowMillis)
          : answered(Accounts.forbidden(account, target))
    }
  })

type LeaseRoute = Extract<Route, { readonly kind: "Leases" }>

const authenticate = (
  accountOf: (token: string) => Account | undefined,
  { headers }: HttpRequest,
  nowMillis: number
): Account | undefined => {
  const token = Accounts.bearerToken(headers.authorization)
  const account = token === undefined ? Accounts.anonymous : accountOf(token)
  return account !== undefined && nowMillis < account.expiresAtMillis ? account : undefined
}

const pathReply = (
  { version }: ApiServer,
  account: Account,
  { method }: HttpRequest,
  path: string,
  dateMillis: number
): Reply => {
  const attributes = /^\/apis\/coordination\.k8s\.io\/v1(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?$/.exec(path)
  const document = Discovery.document(path, version)
  if (account === Accounts.anonymous && !Discovery.isPublic(path)) {
    return Replies.fromAnswer(Accounts.forbiddenPath(account, method.toLowerCase(), path), dateMillis)
  }
  if (Discovery.isHealth(path)) {
    return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: "ok", dateMillis }
  }
  if (document !== undefined) {
    return Replies.fromAnswer({ status: 200, body: document }, dateMillis)
  }
  if (Accounts.isAdmin(account)) {
    return Replies.fromAnswer(notFoundPath, dateMillis)
  }
  const verb = method.toLowerCase()
  const [, namespace, resource, name] = attributes ?? []
  return Replies.fromAnswer(
    resource === undefined
      ? Accounts.forbiddenPath(account, verb, path)
      : Accounts.forbidden(account, { verb, namespace, name }, resource),
    dateMillis
  )
}

const leases = (
  server: ApiServer,
  request: HttpRequest,
  target: LeaseRoute & Attributes,
  nowMillis: number
): Effect.Effect<Reply> => {
  const unselectable = selectorFailure(request.url)
  if (unselectable !== undefined) {
    return Effect.succeed(Replies.fromAnswer(unselectable, nowMillis))
  }
  if (target.verb === "watch") {
    return watch(server, request, target)
  }
  return Either.match(leaseRequest(request, target), {
    onLeft: (answer) => Effect.succeed(Replies.fromAnswer(answer, nowMillis)),
    onRight: (understood) =>
      Effect.map(server.handle(understood), ({ body, dateMillis, status }) =>
        Replies.fromAnswer(
          { status, body: Table.isAsked(request.headers.accept) ? Table.fromAnswer(body, dateMillis) : body },
          dateMillis
        ))
  })
}

const watch = (
  server: ApiServer,
  { headers, url }: HttpRequest,
  { name, namespace }: LeaseRoute
): Effect.Effect<Reply> =>
  Effect.gen(function*() {
    const nowMillis = yield* server.nowMillis
    const timeoutSeconds = Number(url.searchParams.get("timeoutSeconds") ?? 0)
    const watched = server.watch({
      selector: { namespace, name },
      resourceVersion: url.searchParams.get("resourceVersion") ?? undefined,
      allowBookmarks: Routes.isTrue(url.searchParams.get("allowWatchBookmarks")),
      ...(timeoutSeconds > 0 ? { timeoutSeconds } : {})
    })
    return Either.match(watched, {
      onLeft: (answer) => Replies.fromAnswer(answer, nowMillis),
      onRight: (source) => ({
        status: 200,
        headers: Replies.jsonHeaders,
        dateMillis: nowMillis,
        body: watchStream(source, (frame) =>
          Effect.map(server.nowMillis, (millis) =>
            `${JSON.stringify(Table.isAsked(headers.accept) ? Table.fromEvent(frame, millis) : frame)}\n`))
      })
    })
  })

const leaseRequest = (request: HttpRequest, target: LeaseRoute): Either.Either<LeaseRequest, Answer> => {
  const { searchParams } = request.url
  const { name = "", namespace = "", verb } = target
  const options = {
    fieldManager: searchParams.get("fieldManager") ?? (request.headers.userAgent?.split("/")[0] || "unknown"),
    dryRun: Routes.isDryRun(request.url),
    force: Routes.isTrue(searchParams.get("force"))
  }
  switch (verb) {
    case "get":
      return Either.right({ verb, namespace, name })
    case "list":
    case "watch":
      return Either.right({ verb: "list", selector: { namespace: target.namespace, name: target.name } })
    case "create":
      return Either.map(objectBody(request), (body) => ({ verb, namespace, body, ...options }))
    case "update":
      return Either.map(objectBody(request), (body) => ({ verb, namespace, name, body, ...options }))
    case "patch":
      return Either.map(parseBody(request.body, "error decoding patch"), (body) => ({
        verb,
        namespace,
        name,
        patchType: mediaType(request),
        body,
        ...options
      }))
    case "delete":
      return request.body === ""
        ? Either.right({ verb, namespace, name, body: undefined, dryRun: options.dryRun })
        : Either.map(parseBody(request.body, "couldn't get version/kind"), (body) => ({
          verb,
          namespace,
          name,
          body,
          dryRun: options.dryRun
        }))
  }
}

/** What a Lease cannot be selected by. */
const selectorFailure = (url: URL): Answer | undefined => {
  const unknownField = Routes.unknownField(url)
  if (unknownField !== undefined) {
    return Status.badRequest(
      `"${unknownField}" is not a known field selector: only "metadata.name", "metadata.namespace"`
    )
  }
  return (url.searchParams.get("labelSelector") ?? "") === ""
    ? undefined
    : Status.badRequest("TestApiServer selects by metadata.name, not by labels")
}

const mediaType = ({ headers }: HttpRequest): string => headers.contentType?.split(";")[0]?.trim() ?? ""

const objectBody = (request: HttpRequest): Either.Either<Json, Answer> => {
  const type = mediaType(request)
  return type === "application/json" || type === ""
    ? parseBody(request.body, "the object provided is unrecognized (must be of type Lease): couldn't get version/kind")
    : Either.left(Status.failure({
      status: 415,
      reason: "UnsupportedMediaType",
      message: "the body of the request was in an unknown format - accepted media types include: application/json, " +
        "application/yaml, application/vnd.kubernetes.protobuf"
    }))
}

const parseBody = (body: string, what: string): Either.Either<Json, Answer> =>
  Either.try({
    try: (): Json => JSON.parse(body),
    catch: () => Status.badRequest(`${what}; json parse error: ${body === "" ? "unexpected end of JSON input" : body}`)
  })

const notFoundPath: Answer = Status.failure({
  status: 404,
  reason: "NotFound",
  message: "the server could not find the requested resource",
  details: {}
})

const methodNotAllowed: Answer = Status.failure({
  status: 405,
  reason: "MethodNotAllowed",
  message: "the server does not allow this method on the requested resource",
  details: {}
})
