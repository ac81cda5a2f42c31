import type { Plan } from "../plan.js"

export const plan: Plan = {
  seed: 18870,
  nodes: [
    {
      rate: 1.043200131542754,
      wallOffset: 0,
      interleaving: { isShuffled: false, operationsATurn: 100 },
      variants: [
        {
          ttl: 40000,
          renewDeadline: 36000,
          renewalInterval: 13333,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 3000,
          acquireRetries: 3
        },
        {
          ttl: 40000,
          renewDeadline: 36000,
          renewalInterval: 13333,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 3
        },
        {
          ttl: 40000,
          renewDeadline: 36000,
          renewalInterval: 6499,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "withLease",
        restMillis: 6499,
        holdMillis: Infinity,
        leaves: "handOver",
        workMillis: 4640.941792539663,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "manager-0",
      replica: 2,
      bootsAt: 0
    },
    {
      rate: 1.0662446740014233,
      wallOffset: 0,
      interleaving: { isShuffled: true, operationsATurn: 200 },
      variants: [
        {
          ttl: 40000,
          renewDeadline: 36363,
          renewalInterval: 13333,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 3
        },
        {
          ttl: 40000,
          renewDeadline: 36000,
          renewalInterval: 13333,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 3000,
          acquireRetries: 8
        },
        {
          ttl: 40000,
          renewDeadline: 36363,
          renewalInterval: 9849,
          requestTimeout: 5000,
          acquireTimeout: 40000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "withLease",
        restMillis: 7212.529991067622,
        holdMillis: Infinity,
        leaves: "release",
        workMillis: 6850.002294673722,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 2,
      bootsAt: 14559.317245148122
    },
    {
      rate: 1.0999999989000002,
      wallOffset: 32635533.805936575,
      interleaving: { isShuffled: false, operationsATurn: 500 },
      variants: [
        {
          ttl: 40000,
          renewDeadline: 36363,
          renewalInterval: 13924,
          requestTimeout: 3482,
          acquireTimeout: 40000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 8
        },
        {
          ttl: 40000,
          renewDeadline: 36000,
          renewalInterval: 13333,
          requestTimeout: 6093,
          acquireTimeout: 40000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 3
        },
        {
          ttl: 40000,
          renewDeadline: 36000,
          renewalInterval: 13333,
          requestTimeout: 6327,
          acquireTimeout: 4000,
          releaseTimeout: 1809.2247092397884,
          releaseMode: "clear",
          maxClockSkew: 3000,
          acquireRetries: 8
        }
      ],
      habits: {
        style: "campaign",
        restMillis: 13333,
        holdMillis: Infinity,
        leaves: "handOver",
        workMillis: 38397.3873937503,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 2,
      bootsAt: 0
    }
  ],
  server: {
    rate: 1,
    wallOffset: 3579490.736871958,
    replicas: [0, 2444.0465171355754, 322.70793663337827],
    managedFieldsTime: "everyChange",
    initialResourceVersion: 1n
  },
  slowest: 1,
  fastest: 1.0999999989000002,
  faults: [
    {
      kind: "ambush",
      at: 0,
      node: 1,
      millis: 80000,
      aim: "contender",
      of: "read",
      blow: { requestLateMillis: 2559.032689751033 },
      moment: "carriedOut",
      followedBy: [
        {
          at: 0,
          node: 0,
          kind: "link",
          millis: 97622.01772537082,
          trouble: { loseRequest: 1, loseAnswer: 0, refuse: 0, duplicate: 0, delay: 0, mostDelayMillis: 0 },
          aim: "holder"
        }
      ]
    },
    {
      kind: "ambush",
      at: 43253.45736800823,
      node: 1,
      millis: 80000,
      aim: "contender",
      of: "read",
      blow: { requestLateMillis: 2881.0894398713017 },
      moment: "carriedOut",
      followedBy: [
        {
          at: 0,
          node: 0,
          kind: "link",
          millis: 90607.29118064046,
          trouble: { loseRequest: 1, loseAnswer: 0, refuse: 0, duplicate: 0, delay: 0, mostDelayMillis: 0 },
          aim: "holder"
        }
      ]
    },
    {
      kind: "ambush",
      at: 47848.55245876294,
      node: 0,
      millis: 80000,
      aim: "holder",
      of: "renew",
      blow: {},
      moment: "answered",
      followedBy: [{ at: 0, node: 0, kind: "pause", millis: 48826.24380290508, afterOperations: 0 }]
    },
    {
      kind: "ambush",
      at: 193276.57318274595,
      node: 0,
      millis: 80000,
      aim: "holder",
      of: "renew",
      blow: {},
      moment: "answered",
      followedBy: [{ at: 0, kind: "tamper", how: "delete" }]
    }
  ],
  quietAt: 852281.256735964,
  endsAt: 1032281.256735964
}
