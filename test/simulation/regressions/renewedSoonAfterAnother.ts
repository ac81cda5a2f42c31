import type { Plan } from "../plan.js"

export const plan: Plan = {
  seed: 2819,
  nodes: [
    {
      rate: 0.9726623338181525,
      wallOffset: 0,
      interleaving: { isShuffled: false, operationsATurn: 2048 },
      variants: [
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 5123,
          requestTimeout: 1162,
          acquireTimeout: 4000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 0
        },
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 3333,
          requestTimeout: 2878,
          acquireTimeout: 10000,
          releaseTimeout: 4000,
          releaseMode: "clear",
          maxClockSkew: 3000,
          acquireRetries: 0
        },
        {
          ttl: 30000,
          renewDeadline: 27272,
          renewalInterval: 5445,
          requestTimeout: 5000,
          acquireTimeout: 4000,
          releaseTimeout: 984.5044439891353,
          releaseMode: "clear",
          maxClockSkew: 3000,
          acquireRetries: 0
        }
      ],
      habits: {
        style: "withLease",
        restMillis: 3333,
        holdMillis: 63502.82482435338,
        leaves: "release",
        workMillis: 13551.528352584144,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "manager-0",
      replica: 0,
      bootsAt: 4295.381219126284
    },
    {
      rate: 1.0699285661300393,
      wallOffset: -958105.243742466,
      interleaving: { isShuffled: false, operationsATurn: 2048 },
      variants: [
        {
          ttl: 30000,
          renewDeadline: 27272,
          renewalInterval: 5249,
          requestTimeout: 8988,
          acquireTimeout: 30000,
          releaseTimeout: 4000,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 0
        },
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 3333,
          requestTimeout: 2878,
          acquireTimeout: 10000,
          releaseTimeout: 1907.4638326419517,
          releaseMode: "delete",
          maxClockSkew: 3000,
          acquireRetries: 0
        },
        {
          ttl: 10000,
          renewDeadline: 9090,
          renewalInterval: 3333,
          requestTimeout: 1403,
          acquireTimeout: 4000,
          releaseTimeout: 1438.7255473295227,
          releaseMode: "clear",
          maxClockSkew: 3000,
          acquireRetries: 3
        }
      ],
      habits: {
        style: "campaign",
        restMillis: 3333,
        holdMillis: 17977.368738101475,
        leaves: "release",
        workMillis: 30359.243365050592,
        patienceMillis: Infinity,
        verifyMillis: Infinity
      },
      fieldManager: "kubernetes-lease",
      replica: 1,
      bootsAt: 0
    }
  ],
  server: {
    rate: 1.0699285661300393,
    wallOffset: 0,
    replicas: [0, 3000],
    managedFieldsTime: "ownershipChange",
    initialResourceVersion: 900n
  },
  slowest: 0.9726623338181525,
  fastest: 1.0699285661300393,
  faults: [
    {
      kind: "ambush",
      at: 1000,
      node: 1,
      aim: "contender",
      millis: 20000,
      of: "acquire",
      blow: { answerLateMillis: 331.45881338045 },
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
              millis: 20269.27408296615,
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
              downMillis: 2656.6523919025826,
              isRenamed: true
            }
          ]
        }
      ]
    },
    {
      kind: "ambush",
      at: 20062.366613652557,
      node: 0,
      aim: "contender",
      millis: 20000,
      of: "acquire",
      blow: { answerLateMillis: 705.31920555979 },
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
              millis: 27860.90167821385,
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
              downMillis: 2213.753413393668,
              isRenamed: true
            }
          ]
        }
      ]
    },
    {
      kind: "ambush",
      at: 78899.90388788283,
      node: 1,
      aim: "contender",
      millis: 20000,
      of: "acquire",
      blow: { answerLateMillis: 503.5170946642756 },
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
              millis: 23442.132845520973,
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
              downMillis: 202.93331884903554,
              isRenamed: true
            }
          ]
        }
      ]
    }
  ],
  quietAt: 640000,
  endsAt: 780000
}
