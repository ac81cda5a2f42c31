declare module "virtual:readme/*"

declare module "virtual:readme/effect.ts?in-pod" {
  export const program: import("effect/Effect").Effect<void>
}

declare module "virtual:readme/outside.ts?in-pod" {
  export const lease: import("../../src/KubernetesLease.js").KubernetesLease
}
