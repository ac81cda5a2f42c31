import { describe, it } from "vitest"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import { actorTsNamespace, assertActorTsPageRuns } from "../support/actorTsPage.js"

describe("coming from actor-ts", () => {
  it("F24 the settings and calls of its documentation work unchanged, and the process ends by itself", async () => {
    await using server = await TestApiServer.start({ namespaces: [actorTsNamespace] })
    await assertActorTsPageRuns({ baseUrl: server.apiBaseUrl, caCert: server.caCert, token: server.adminToken })
  })
})
