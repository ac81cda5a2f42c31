import type { Plan } from "../plan.js"

export const plan: Plan = {
  seed: 13574,
  nodes: [
    {
      rate: 0.9612238775240257,
      wallOffset: 0,
      interleaving: { isShuffled: false, operationsATurn: 100 },
      variants: [
        {
          ttl: 20000,
          renewDeadline: 18000,
          renewalInterval: 6328,
          requestTimeout: 5000,
          acquireTimeout: 20000,
          releaseTimeout: 847.2950590075925,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 0
        },
        {
          ttl: 30000,
          renewDeadline: 27000,
          renewalInterval: 10000,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 578.1014868291095,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 8
        },
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 3333,
          requestTimeout: 2878,
          acquireTimeout: 10000,
          releaseTimeout: 830.4221554426476,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "campaign",
        restMillis: 3333,
        holdMillis: 164753.92226676666,
        leaves: "release",
        workMillis: Infinity,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 2,
      bootsAt: 4615.156347863376
    },
    {
      rate: 0.9612238775240257,
      wallOffset: 0,
      interleaving: { isShuffled: true, operationsATurn: 200 },
      variants: [
        {
          ttl: 20000,
          renewDeadline: 18000,
          renewalInterval: 6666,
          requestTimeout: 5000,
          acquireTimeout: 20000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 0
        },
        {
          ttl: 10000,
          renewDeadline: 9000,
          renewalInterval: 3333,
          requestTimeout: 2769,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 30000,
          renewDeadline: 27272,
          renewalInterval: 10000,
          requestTimeout: 3126,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 8
        }
      ],
      habits: {
        style: "wait",
        restMillis: 3333,
        holdMillis: 30926.617541097447,
        leaves: "release",
        workMillis: 26393.729327599387,
        patienceMillis: 1263.4577894126107,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 1,
      bootsAt: 0
    },
    {
      rate: 0.9612238775240257,
      wallOffset: 0,
      interleaving: { isShuffled: true, operationsATurn: 100 },
      variants: [
        {
          ttl: 10000,
          renewDeadline: 9000,
          renewalInterval: 3333,
          requestTimeout: 2833,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 30000,
          renewDeadline: 27272,
          renewalInterval: 7119,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 20000,
          renewDeadline: 18181,
          renewalInterval: 6666,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "wait",
        restMillis: 3333,
        holdMillis: 54054.33093884544,
        leaves: "release",
        workMillis: 33115.09217265015,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 0,
      bootsAt: 5719.193210825324
    },
    {
      rate: 0.9612238775240257,
      wallOffset: 0,
      interleaving: { isShuffled: false, operationsATurn: 500 },
      variants: [
        {
          ttl: 30000,
          renewDeadline: 27272,
          renewalInterval: 10000,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 3333,
          requestTimeout: 2878,
          acquireTimeout: 10000,
          releaseTimeout: 1403.053691238165,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 20000,
          renewDeadline: 18181,
          renewalInterval: 8869,
          requestTimeout: 1716,
          acquireTimeout: 20000,
          releaseTimeout: 339.4994374131784,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 8
        }
      ],
      habits: {
        style: "wait",
        restMillis: 3333,
        holdMillis: 65575.54375363901,
        leaves: "release",
        workMillis: 52839.69901007755,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "manager-3",
      replica: 2,
      bootsAt: 0
    }
  ],
  server: {
    rate: 0.9612238775240257,
    wallOffset: 6880110.247805715,
    replicas: [0, 0, 930.3832799196243],
    managedFieldsTime: "ownershipChange",
    initialResourceVersion: 9007199254740000n
  },
  slowest: 0.9612238775240257,
  fastest: 0.9612238775240257,
  faults: [
    {
      kind: "ambush",
      at: 49749.77326237996,
      node: 1,
      millis: 60000,
      aim: "holder",
      of: "renew",
      blow: {},
      moment: "answered",
      followedBy: [{ at: 0, node: 0, kind: "pause", millis: 34142.39486865699, afterOperations: 0 }]
    },
    {
      kind: "ambush",
      at: 118949.01619084168,
      node: 2,
      millis: 60000,
      aim: "holder",
      of: "renew",
      blow: {},
      moment: "answered",
      followedBy: [{ at: 0, kind: "tamper", how: "clear" }]
    },
    {
      kind: "ambush",
      at: 342553.4202961413,
      node: 1,
      millis: 60000,
      aim: "holder",
      of: "clear",
      blow: {},
      moment: "answered",
      followedBy: [{ at: 0, node: 0, kind: "pause", millis: 15800.239523872735, afterOperations: 0 }]
    },
    {
      kind: "ambush",
      at: 464346.84324530675,
      node: 2,
      millis: 60000,
      aim: "holder",
      of: "renew",
      blow: {},
      moment: "sent",
      followedBy: [{ at: 0, node: 0, kind: "pause", millis: 17633.23687389493, afterOperations: 0 }]
    },
    {
      kind: "ambush",
      at: 535557.1759054568,
      node: 3,
      millis: 60000,
      aim: "holder",
      of: "renew",
      blow: {},
      moment: "sent",
      followedBy: [{ at: 0, node: 0, kind: "pause", millis: 33688.42954561114, afterOperations: 0 }]
    },
    {
      kind: "ambush",
      at: 615746.9260534742,
      node: 3,
      millis: 24253.07394652581,
      aim: "holder",
      of: "renew",
      blow: {},
      moment: "answered",
      followedBy: [{ at: 0, kind: "tamper", how: "rename" }]
    },
    {
      kind: "ambush",
      at: 621051.123278056,
      node: 0,
      millis: 18948.87672194396,
      aim: "holder",
      of: "renew",
      blow: {},
      moment: "answered",
      followedBy: [{ at: 0, kind: "tamper", how: "delete" }]
    },
    {
      kind: "ambush",
      at: 627113.3582276772,
      node: 3,
      millis: 12886.641772322822,
      aim: "contender",
      of: "acquire",
      blow: {},
      moment: "answered",
      followedBy: [{ at: 0, node: 0, kind: "pause", millis: 24833.754435181618, afterOperations: 0 }]
    }
  ],
  quietAt: 640000,
  endsAt: 780000
}
