import type { Plan } from "../plan.js"

export const plan: Plan = {
  seed: 5758,
  nodes: [
    {
      rate: 0.9855517924763262,
      wallOffset: 0,
      interleaving: { isShuffled: true, operationsATurn: 500 },
      variants: [
        {
          ttl: 90000,
          renewDeadline: 81000,
          renewalInterval: 30000,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 918.1070673046634,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 0
        },
        {
          ttl: 90000,
          renewDeadline: 81000,
          renewalInterval: 30000,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 8
        },
        {
          ttl: 90000,
          renewDeadline: 81818,
          renewalInterval: 39457,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 8
        }
      ],
      habits: {
        style: "wait",
        restMillis: 17429.76853006988,
        holdMillis: 11530.096497899909,
        leaves: "release",
        workMillis: 16870.761968376402,
        patienceMillis: 735.238800698846,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 2,
      bootsAt: 0
    },
    {
      rate: 0.9855517924763262,
      wallOffset: 0,
      interleaving: { isShuffled: true, operationsATurn: 100 },
      variants: [
        {
          ttl: 90000,
          renewDeadline: 81818,
          renewalInterval: 30000,
          requestTimeout: 24227,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 8
        },
        {
          ttl: 90000,
          renewDeadline: 81818,
          renewalInterval: 20952,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 8
        },
        {
          ttl: 90000,
          renewDeadline: 81000,
          renewalInterval: 11866,
          requestTimeout: 5000,
          acquireTimeout: 90000,
          releaseTimeout: 364.6009522257373,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "wait",
        restMillis: 11866,
        holdMillis: 81835.27047323987,
        leaves: "release",
        workMillis: 9535.172684051055,
        patienceMillis: 1329.302113018494,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 1,
      bootsAt: 0
    },
    {
      rate: 0.9855517924763262,
      wallOffset: -23341857.500374317,
      interleaving: { isShuffled: true, operationsATurn: 500 },
      variants: [
        {
          ttl: 90000,
          renewDeadline: 81000,
          renewalInterval: 38030,
          requestTimeout: 5000,
          acquireTimeout: 90000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 3
        },
        {
          ttl: 90000,
          renewDeadline: 81818,
          renewalInterval: 30000,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 3000,
          acquireRetries: 0
        },
        {
          ttl: 90000,
          renewDeadline: 81000,
          renewalInterval: 32078,
          requestTimeout: 12126,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "wait",
        restMillis: 15859.139445894836,
        holdMillis: 64381.04842473326,
        leaves: "handOver",
        workMillis: 13999.084591892663,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 1,
      bootsAt: 0
    },
    {
      rate: 0.9855517924763262,
      wallOffset: -13894714.515656233,
      interleaving: { isShuffled: true, operationsATurn: 200 },
      variants: [
        {
          ttl: 90000,
          renewDeadline: 81000,
          renewalInterval: 30000,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 3
        },
        {
          ttl: 90000,
          renewDeadline: 81818,
          renewalInterval: 30000,
          requestTimeout: 15573,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 8
        },
        {
          ttl: 90000,
          renewDeadline: 81818,
          renewalInterval: 30000,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 3000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "wait",
        restMillis: 16393.142879407987,
        holdMillis: 16585.86782145603,
        leaves: "handOver",
        workMillis: 29948.54959404389,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "manager-3",
      replica: 0,
      bootsAt: 0
    }
  ],
  server: {
    rate: 1.0020174984950536,
    wallOffset: 0,
    replicas: [0, 630.9608432929963, 0],
    managedFieldsTime: "everyChange",
    initialResourceVersion: 1n
  },
  slowest: 0.9855517924763262,
  fastest: 1.0841069706398518,
  faults: [
    {
      kind: "pause",
      at: 19888.62931176704,
      node: 3,
      aim: "holder",
      millis: 71413.21745386458,
      afterOperations: 200
    },
    {
      kind: "pause",
      at: 138750.2640455807,
      node: 2,
      aim: "holder",
      millis: 128708.87802215293,
      afterOperations: 3
    },
    {
      kind: "pause",
      at: 202696.38745209767,
      node: 1,
      aim: "holder",
      millis: 58032.11649879813,
      afterOperations: 228
    },
    {
      kind: "ambush",
      at: 263167.4258633207,
      node: 1,
      millis: 180000,
      aim: "holder",
      of: "renew",
      blow: {},
      moment: "sent",
      followedBy: [{ at: 0, node: 0, kind: "pause", millis: 102321.67818769814, afterOperations: 0 }]
    },
    {
      kind: "pause",
      at: 292850.30472928943,
      node: 1,
      millis: 37118.194144383975,
      afterOperations: 39
    },
    {
      kind: "pause",
      at: 348012.8766987786,
      node: 2,
      aim: "holder",
      millis: 68602.61190100573,
      afterOperations: 18
    },
    {
      kind: "ambush",
      at: 392577.5138820154,
      node: 1,
      millis: 180000,
      aim: "contender",
      of: "acquire",
      blow: { requestLateMillis: 5741.89130961895 },
      moment: "sent",
      followedBy: [{ at: 0, node: 0, kind: "idle", millis: 182355.73053359985 }]
    },
    {
      kind: "ambush",
      at: 519732.38818131876,
      node: 1,
      millis: 180000,
      aim: "contender",
      of: "acquire",
      blow: { loses: "answer" },
      moment: "sent",
      followedBy: [{ at: 0, node: 0, kind: "idle", millis: 161615.2498824522 }]
    },
    {
      kind: "ambush",
      at: 768908.7474896663,
      node: 3,
      millis: 180000,
      aim: "holder",
      of: "handOver",
      blow: { loses: "request" },
      moment: "sent",
      followedBy: [
        {
          at: 0,
          node: 0,
          kind: "link",
          millis: 5639.486204821678,
          trouble: { loseRequest: 1, loseAnswer: 0, refuse: 0, duplicate: 0, delay: 0, mostDelayMillis: 0 }
        }
      ]
    },
    {
      kind: "pause",
      at: 1079167.2166249333,
      node: 3,
      aim: "holder",
      millis: 63776.14743425511,
      afterOperations: 248
    }
  ],
  quietAt: 1960000,
  endsAt: 2340000
}
