import type { Plan } from "../plan.js"

export const plan: Plan = {
  seed: 9685,
  nodes: [
    {
      rate: 1.0999999989000002,
      wallOffset: 0,
      interleaving: { isShuffled: false, operationsATurn: 2048 },
      variants: [
        {
          ttl: 5000,
          renewDeadline: 4500,
          renewalInterval: 1666,
          requestTimeout: 1417,
          acquireTimeout: 4000,
          releaseTimeout: 2500,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 8
        },
        {
          ttl: 5000,
          renewDeadline: 4500,
          renewalInterval: 1666,
          requestTimeout: 1417,
          acquireTimeout: 4000,
          releaseTimeout: 1288.7149999616668,
          releaseMode: "delete",
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
          acquireRetries: 8
        }
      ],
      habits: {
        style: "withLease",
        restMillis: 1666,
        holdMillis: Infinity,
        leaves: "release",
        workMillis: Infinity,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 1,
      bootsAt: 0
    },
    {
      rate: 1.084161439566832,
      wallOffset: -43061556.735634804,
      interleaving: { isShuffled: false, operationsATurn: 2048 },
      variants: [
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 1341,
          requestTimeout: 889,
          acquireTimeout: 4000,
          releaseTimeout: 1434.679052629508,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 1989,
          requestTimeout: 831,
          acquireTimeout: 5000,
          releaseTimeout: 2500,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 5000,
          renewDeadline: 4500,
          renewalInterval: 1666,
          requestTimeout: 1417,
          acquireTimeout: 4000,
          releaseTimeout: 2500,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "withLease",
        restMillis: 1341,
        holdMillis: Infinity,
        leaves: "release",
        workMillis: 1061.3489974532663,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 0,
      bootsAt: 17373.402658849955
    },
    {
      rate: 1.057186631997637,
      wallOffset: 33037046.011537313,
      interleaving: { isShuffled: false, operationsATurn: 2048 },
      variants: [
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 1666,
          requestTimeout: 1439,
          acquireTimeout: 5000,
          releaseTimeout: 2500,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 5000,
          renewDeadline: 4500,
          renewalInterval: 1666,
          requestTimeout: 1417,
          acquireTimeout: 5000,
          releaseTimeout: 1174.285595677793,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 0
        },
        {
          ttl: 5000,
          renewDeadline: 4500,
          renewalInterval: 1099,
          requestTimeout: 1318,
          acquireTimeout: 4000,
          releaseTimeout: 2500,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 8
        }
      ],
      habits: {
        style: "withLease",
        restMillis: 1099,
        holdMillis: Infinity,
        leaves: "release",
        workMillis: 624.9768884473297,
        patienceMillis: 1183.3354870758192,
        verifyMillis: Infinity
      },
      fieldManager: "manager-2",
      replica: 1,
      bootsAt: 0
    },
    {
      rate: 1.0033290087344875,
      wallOffset: 0,
      interleaving: { isShuffled: false, operationsATurn: 2048 },
      variants: [
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 1666,
          requestTimeout: 529,
          acquireTimeout: 4000,
          releaseTimeout: 506.32438454777,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 8
        },
        {
          ttl: 5000,
          renewDeadline: 4545,
          renewalInterval: 2618,
          requestTimeout: 963,
          acquireTimeout: 4000,
          releaseTimeout: 2500,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 5000,
          renewDeadline: 4500,
          renewalInterval: 1666,
          requestTimeout: 1417,
          acquireTimeout: 4000,
          releaseTimeout: 2500,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 8
        }
      ],
      habits: {
        style: "withLease",
        restMillis: 1666,
        holdMillis: Infinity,
        leaves: "handOver",
        workMillis: Infinity,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 0,
      bootsAt: Infinity
    }
  ],
  server: {
    rate: 1.0339210573577815,
    wallOffset: 2841511.0878646374,
    replicas: [0, 0, 1000],
    managedFieldsTime: "everyChange",
    initialResourceVersion: 1n
  },
  slowest: 1,
  fastest: 1.0999999989000002,
  faults: [
    { kind: "watches", at: 20685.610714331393, millis: 3916.105700947218, lateMillis: Infinity },
    {
      kind: "pause",
      at: 23277.73698539068,
      node: 2,
      aim: "holder",
      millis: 9484.451375901699,
      afterOperations: 40
    },
    {
      kind: "pause",
      at: 43461.937480851935,
      node: 1,
      millis: 3322.78738624419,
      afterOperations: 157
    },
    {
      kind: "pause",
      at: 50259.79621007172,
      node: 2,
      aim: "holder",
      millis: 2252.9886420621706,
      afterOperations: 0
    }
  ],
  quietAt: 69314.38928566861,
  endsAt: 109314.38928566861
}
