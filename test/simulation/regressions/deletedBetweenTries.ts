import type { Plan } from "../plan.js"

export const plan: Plan = {
  seed: 8190,
  nodes: [
    {
      rate: 1,
      wallOffset: -12458185.896277428,
      interleaving: { isShuffled: true, operationsATurn: 2048 },
      variants: [
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 1666,
          requestTimeout: 810,
          acquireTimeout: 5000,
          releaseTimeout: 2500,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 1151,
          requestTimeout: 1697,
          acquireTimeout: 5000,
          releaseTimeout: 1292.620488582179,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 0
        },
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 2353,
          requestTimeout: 633,
          acquireTimeout: 5000,
          releaseTimeout: 2500,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 8
        }
      ],
      habits: {
        style: "wait",
        restMillis: 1151,
        holdMillis: 3006.854220585162,
        leaves: "release",
        workMillis: 3433.1796542109205,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 0,
      bootsAt: 0
    },
    {
      rate: 1,
      wallOffset: 0,
      interleaving: { isShuffled: false, operationsATurn: 2048 },
      variants: [
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 1666,
          requestTimeout: 1084,
          acquireTimeout: 4000,
          releaseTimeout: 1212.624339852482,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 8
        },
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 2365,
          requestTimeout: 423,
          acquireTimeout: 4000,
          releaseTimeout: 2500,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 1666,
          requestTimeout: 1439,
          acquireTimeout: 4000,
          releaseTimeout: 2500,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 0
        }
      ],
      habits: {
        style: "wait",
        restMillis: 1377.5005716165913,
        holdMillis: 2187.23346860908,
        leaves: "release",
        workMillis: Infinity,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "manager-1",
      replica: 1,
      bootsAt: 16664.495528675616
    }
  ],
  server: {
    rate: 1,
    wallOffset: 0,
    replicas: [0, 1000],
    managedFieldsTime: "everyChange",
    initialResourceVersion: 1n
  },
  slowest: 1,
  fastest: 1,
  faults: [
    {
      kind: "ambush",
      at: 1547.6971424787641,
      node: 1,
      millis: 10000,
      aim: "holder",
      of: "remove",
      blow: { requestLateMillis: 24.492757353931665 },
      moment: "sent",
      followedBy: [{ at: 0, kind: "label" }]
    },
    {
      kind: "ambush",
      at: 3080.1832443534972,
      node: 0,
      millis: 10000,
      aim: "contender",
      of: "acquire",
      blow: { requestLateMillis: 29.150818344205618 },
      moment: "sent",
      followedBy: [{ at: 0, kind: "label" }]
    },
    {
      kind: "ambush",
      at: 9338.189012167248,
      node: 0,
      millis: 10000,
      aim: "contender",
      of: "read",
      blow: {},
      moment: "answered",
      followedBy: [{ at: 0, node: 0, kind: "webhook", millis: 2796.005578013137, changes: "holder" }]
    },
    { kind: "stepWall", at: 13846.75680512518, node: 0, millis: 3383577.3560831854 },
    { kind: "tamper", at: 18436.133672218333, how: "delete" }
  ],
  quietAt: 90000,
  endsAt: 130000
}
