import type { Plan } from "../plan.js"

export const plan: Plan = {
  seed: 2,
  nodes: [
    {
      rate: 1.050178413213633,
      wallOffset: 0,
      interleaving: { isShuffled: true, operationsATurn: 500 },
      variants: [
        {
          ttl: 40000,
          renewDeadline: 36363,
          renewalInterval: 13333,
          requestTimeout: 5000,
          acquireTimeout: 40000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 8
        },
        {
          ttl: 40000,
          renewDeadline: 36000,
          renewalInterval: 13333,
          requestTimeout: 4070,
          acquireTimeout: 40000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 0
        },
        {
          ttl: 40000,
          renewDeadline: 36363,
          renewalInterval: 13333,
          requestTimeout: 10703,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "wait",
        restMillis: 11125.685586077023,
        holdMillis: 40658.22418246809,
        leaves: "release",
        workMillis: 4124.811576915563,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 2,
      bootsAt: 10433.24925005436
    },
    {
      rate: 0.9734613536973483,
      wallOffset: 0,
      interleaving: { isShuffled: false, operationsATurn: 200 },
      variants: [
        {
          ttl: 40000,
          renewDeadline: 36000,
          renewalInterval: 21127,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 40000,
          renewDeadline: 36363,
          renewalInterval: 13333,
          requestTimeout: 5006,
          acquireTimeout: 40000,
          releaseTimeout: 1064.7812717827037,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 0
        },
        {
          ttl: 40000,
          renewDeadline: 36000,
          renewalInterval: 13333,
          requestTimeout: 5068,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 0
        }
      ],
      habits: {
        style: "wait",
        restMillis: 6797.733569015747,
        holdMillis: 89137.873713725,
        leaves: "release",
        workMillis: 4668.314418212411,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 1,
      bootsAt: Infinity
    }
  ],
  server: {
    rate: 0.9734613536973483,
    wallOffset: 5517127.692326903,
    replicas: [0, 0, 125.22407528012991],
    managedFieldsTime: "everyChange",
    initialResourceVersion: 900n
  },
  slowest: 0.9734613536973483,
  fastest: 1.070807487996276,
  faults: [
    { kind: "webhook", at: 0, node: 0, millis: 120000, changes: "acquireTime" },
    {
      kind: "ambush",
      at: 1250,
      node: 0,
      millis: 100000,
      of: "acquire",
      blow: {},
      moment: "carriedOut",
      followedBy: [{ at: 0, node: 0, kind: "idle", millis: 150000 }]
    }
  ],
  quietAt: 161250,
  endsAt: 341250
}
