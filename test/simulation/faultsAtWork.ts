import * as Effect from "effect/Effect"
import { formatMicroTime } from "../../src/internal/base/rfc3339.js"
import type { JsonObject } from "../../src/internal/memory/json.js"
import { microTimeFromMillis } from "../../src/LeaseObject.js"
import { ref } from "./controlPlane.js"
import type { Ambush, Fault } from "./fault.js"
import { overBy } from "./fault.js"
import { Node } from "./node.js"
import type { Plan } from "./plan.js"
import type { World } from "./world.js"

/** Makes a fault happen, now, to whom it is aimed at. */
export const strike = (world: World, nodes: ReadonlyArray<Node>, plan: Plan, fault: Fault): void => {
  world.faults++
  targetsOf(world, nodes, fault).forEach((node) =>
    strikeOne(world, nodes, plan, node === undefined ? fault : { ...fault, node } as Fault)
  )
}

const targetsOf = (world: World, { length }: ReadonlyArray<Node>, fault: Fault): ReadonlyArray<number | undefined> => {
  if (!("node" in fault) || fault.node === undefined || fault.aim === undefined) {
    return [undefined]
  }
  const { node } = fault
  const holder = world.holderNode()
  switch (fault.aim) {
    case "holder":
      return [holder ?? node]
    case "contender":
      return [node === holder ? (node + 1) % length : node]
    case "others":
      return Array.from({ length }, (_, index) => index).filter((index) => index !== node)
  }
}

const strikeOne = (world: World, nodes: ReadonlyArray<Node>, plan: Plan, fault: Fault): void => {
  const { ambushes, controlPlane, findings, time, weather } = world
  findings.tell("FAULT", () => JSON.stringify(fault))
  const node = "node" in fault && fault.node !== undefined ? nodes[fault.node] : undefined
  switch (fault.kind) {
    case "pause":
    case "suspend": {
      const process = node?.life?.process
      if (node === undefined || process === undefined || node.machine.isSuspended) {
        return
      }
      const stop = (isMidway: boolean): void => {
        process.stop(isMidway)
        findings.tell(process.name, () => `stops for ${fault.millis.toFixed(0)} ms`)
        if (fault.kind === "suspend") {
          node.machine.setSuspended(true)
        }
        time.after(fault.millis, () => {
          if (fault.kind === "suspend") {
            node.machine.setSuspended(false)
          }
          process.resume()
          findings.tell(process.name, () => "goes on")
        })
      }
      if (fault.kind === "suspend" || fault.afterOperations === 0) {
        stop(false)
      } else {
        process.stopAfter(fault.afterOperations, () => stop(true))
      }
      return
    }
    case "stepWall":
      return node?.machine.stepWall(fault.millis)
    case "rate":
      return node?.machine.setRate(fault.rate)
    case "crash":
      node?.crash(fault.isRenamed)
      time.after(fault.downMillis, () => node?.boot())
      return
    case "upgrade":
      node?.end()
      node?.useVariant(fault.variant)
      time.after(fault.downMillis, () => node?.boot())
      return
    case "idle":
      return node?.idle(fault.millis, fault.afterTurns ?? 0)
    case "nudge":
      return node?.nudge(fault.afterTurns)
    case "link":
    case "outage":
    case "throttle":
    case "forbid":
    case "webhook":
    case "watches":
    case "version":
    case "slowServer":
      weather.begin(fault)
      if (fault.kind === "outage") {
        controlPlane.run(0, controlPlane.server.endWatches)
      }
      time.after(fault.millis, () => {
        weather.end(fault)
        findings.tell("FAULT", () => `over: ${fault.kind}`)
      })
      return
    case "failover":
      world.replicas.forEach((_, index) => {
        if ((fault.node ?? index) === index) {
          world.replicas[index] = fault.replica
        }
      })
      return
    case "stepServer":
      return controlPlane.setAhead(fault.replica, fault.aheadMillis)
    case "deadSockets":
      weather.killSockets(fault.node)
      time.at(plan.quietAt, () => weather.dropPool(fault.node))
      return
    case "label":
      controlPlane.touchBystanders()
      return controlPlane.edit({ metadata: { labels: { touched: String(Math.floor(time.now)) } } })
    case "finalizer":
      controlPlane.edit({ metadata: { finalizers: ["example.com/simulated"] } })
      time.after(fault.millis, () => controlPlane.edit({ metadata: { finalizers: null } }))
      return
    case "otherWrites":
      controlPlane.run(
        0,
        Effect.flatMap(
          controlPlane.server.resourceVersion,
          (version) => controlPlane.server.advanceResourceVersion(version + BigInt(fault.count))
        )
      )
      return
    case "compact":
      controlPlane.run(0, controlPlane.server.compact)
      return
    case "endWatches":
      controlPlane.run(0, controlPlane.server.endWatches)
      return
    case "ambush":
      ambushes.lay(fault)
      time.after(fault.millis, () => ambushes.lift(fault))
      return
    case "tamper":
      findings.break("d")
      if (fault.how === "delete") {
        controlPlane.run(0, controlPlane.server.delete(ref))
      } else {
        controlPlane.edit({ spec: tampered(fault.how, controlPlane.machine.wallMillis()) })
      }
      return
    case "namesake": {
      const nodePlan = plan.nodes[fault.node]
      const owner = node?.life?.sender.owner
      if (nodePlan !== undefined && owner !== undefined) {
        findings.break("b")
        const namesake = new Node(world, fault.node, nodePlan, `twin${Math.floor(time.now)}`)
        namesake.boot(owner)
        time.at(plan.quietAt, () => namesake.crash(false))
      }
      return
    }
  }
}

/** What an ambush has in store for the sender of the request that has fallen into it. */
export const follow = (
  world: World,
  nodes: ReadonlyArray<Node>,
  plan: Plan,
  { followedBy, node }: Ambush
): void =>
  followedBy.forEach((fault) =>
    strike(
      world,
      nodes,
      plan,
      overBy({ ...fault, at: world.time.now, ...("node" in fault ? { node } : {}) } as Fault, plan.quietAt)
    )
  )

const tampered = (how: "clear" | "shorten" | "rename" | "renewTime", wallMillis: number): JsonObject => {
  switch (how) {
    case "clear":
      return { holderIdentity: "" }
    case "shorten":
      return { leaseDurationSeconds: 1 }
    case "rename":
      return { holderIdentity: "an-admin" }
    case "renewTime":
      return { renewTime: formatMicroTime(microTimeFromMillis(wallMillis + 3_600_000)) ?? null }
  }
}
