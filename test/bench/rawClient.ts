import * as https from "node:https"

export interface RawAnswer {
  readonly status: number
  readonly body: string
}

/** What a client that does nothing else costs: kept-alive connections, no library. */
export class RawClient {
  readonly #agent: https.Agent
  readonly #url: string
  readonly #token: string

  constructor(baseUrl: string, caCert: string | undefined, namespace: string, token: string) {
    this.#agent = new https.Agent({ keepAlive: true, ...(caCert === undefined ? {} : { ca: caCert }) })
    this.#url = `${baseUrl}/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
    this.#token = token
  }

  request(method: string, path: string, body?: object): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const sent = this.#send(method, path, body, (response) => {
        let text = ""
        response.setEncoding("utf8")
        response.on("data", (chunk: string) => {
          text += chunk
        })
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }))
      })
      sent.on("error", reject)
    })
  }

  /** Resolves once it is open; `deleted` at the first DELETED event. */
  async watch(name: string, resourceVersion: string): Promise<{ readonly deleted: Promise<void> }> {
    return new Promise((open, reject) => {
      const path = `?watch=1&fieldSelector=metadata.name%3D${name}&resourceVersion=${resourceVersion}`
      const sent = this.#send("GET", path, undefined, (response) => {
        open({
          deleted: new Promise((resolve) => {
            response.on("data", (chunk: Buffer) => {
              if (chunk.includes("DELETED")) {
                resolve()
                sent.destroy()
              }
            })
          })
        })
        response.on("error", () => undefined)
      })
      sent.on("error", reject)
    })
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(
    method: string,
    path: string,
    body: object | undefined,
    onResponse: Parameters<typeof https.request>[2]
  ): ReturnType<typeof https.request> {
    const text = body === undefined ? "" : JSON.stringify(body)
    const sent = https.request(this.#url + path, {
      agent: this.#agent,
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
        "content-length": Buffer.byteLength(text)
      }
    }, onResponse)
    sent.end(text)
    return sent
  }
}
