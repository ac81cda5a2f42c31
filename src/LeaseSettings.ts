/**
 * How long a lease lasts, how often it is renewed, how patient its requests are.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { uniqueOwner } from "./internal/settings/defaultOwner.js"
import type { LeaseSettings, Options } from "./internal/settings/leaseSettings.js"
import { effectDurations, kubernetesLimits, resolve } from "./internal/settings/resolve.js"
import type { InvalidSettings } from "./InvalidSettings.js"
import { fromFaults } from "./InvalidSettings.js"

export type { LeaseSettings, Options } from "./internal/settings/leaseSettings.js"

/**
 * Fails with one `InvalidSettings` that lists every wrong field.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<LeaseSettings, InvalidSettings> =>
  Effect.suspend(() => Either.mapLeft(validate(options), fromFaults))

/**
 * Settings out of a `Config`, for example from environment variables.
 *
 * @since 0.1.0
 * @category constructors
 */
export const config = (options: Config.Config.Wrap<Options>): Config.Config<LeaseSettings> =>
  Config.mapOrFail(
    Config.unwrap(options),
    (unwrapped) =>
      Either.mapLeft(validate(unwrapped), (faults) => ConfigError.InvalidData([], fromFaults(faults).message))
  )

const validate = (options: Options) =>
  resolve({ ...options, owner: options.owner ?? uniqueOwner(process.env) }, kubernetesLimits, effectDurations)
