import type { Plan } from "../plan.js"

export const plan: Plan = {
  seed: 288,
  nodes: [
    {
      rate: 1,
      wallOffset: 0,
      interleaving: { isShuffled: false, operationsATurn: 2048 },
      variants: [
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 3333,
          requestTimeout: 2878,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 2289,
          requestTimeout: 3400,
          acquireTimeout: 4000,
          releaseTimeout: 304.47998414747417,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 8
        },
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 3333,
          requestTimeout: 2214,
          acquireTimeout: 10000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "campaign",
        restMillis: 2289,
        holdMillis: 36055.08492878291,
        leaves: "release",
        workMillis: 23646.48858551212,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "manager-0",
      replica: 0,
      bootsAt: 0
    },
    {
      rate: 1.0999999989000002,
      wallOffset: 39898100.10641813,
      interleaving: { isShuffled: true, operationsATurn: 2048 },
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
          renewalInterval: 4933,
          requestTimeout: 438,
          acquireTimeout: 4000,
          releaseTimeout: 1220.7459777360782,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 8
        },
        {
          ttl: 30000,
          renewDeadline: 27272,
          renewalInterval: 10000,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 8
        }
      ],
      habits: {
        style: "wait",
        restMillis: 4933,
        holdMillis: 37988.640308787115,
        leaves: "release",
        workMillis: Infinity,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 1,
      bootsAt: 4698.8363564014435
    },
    {
      rate: 1,
      wallOffset: 17078465.542942286,
      interleaving: { isShuffled: true, operationsATurn: 2048 },
      variants: [
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 3333,
          requestTimeout: 2242,
          acquireTimeout: 4000,
          releaseTimeout: 1221.3468169327825,
          releaseMode: "clear",
          maxClockSkew: 1000,
          acquireRetries: 3
        },
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 3333,
          requestTimeout: 2878,
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
          acquireTimeout: 20000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 1000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "wait",
        restMillis: 3333,
        holdMillis: 10930.138923237606,
        leaves: "release",
        workMillis: 17362.917561115628,
        patienceMillis: 1709.4212349196641,
        verifyMillis: Infinity
      },
      fieldManager: "manager-2",
      replica: 0,
      bootsAt: 19100.208757445216
    }
  ],
  server: {
    rate: 1.0999999989000002,
    wallOffset: -5902054.917812347,
    replicas: [0, 1000],
    managedFieldsTime: "ownershipChange",
    initialResourceVersion: 9007199254740000n
  },
  slowest: 1,
  fastest: 1.0999999989000002,
  faults: [
    {
      kind: "ambush",
      at: 37195.779621368274,
      node: 0,
      aim: "contender",
      millis: 20000,
      of: "acquire",
      blow: { answerLateMillis: 251.55598612502214 },
      moment: "answered",
      followedBy: [
        {
          kind: "ambush",
          at: 0,
          node: 0,
          millis: 20000,
          of: "renew",
          blow: {},
          moment: "answered",
          followedBy: [
            {
              at: 0,
              node: 0,
              kind: "link",
              millis: 24128.05628729984,
              trouble: {
                loseRequest: 1,
                loseAnswer: 0,
                refuse: 0,
                duplicate: 0,
                delay: 0,
                mostDelayMillis: 0
              }
            },
            {
              at: 0,
              node: 0,
              kind: "crash",
              aim: "others",
              downMillis: 62.96756375573197,
              isRenamed: true
            }
          ]
        }
      ]
    }
  ],
  quietAt: 638800.1361412462,
  endsAt: 778800.1361412462
}
