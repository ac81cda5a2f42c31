/**
 * For tests of programs that hold leases: an API server behind HTTPS, and faults.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as Behaviour from "./Behaviour.js"

/**
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

/**
 * @since 0.1.0
 */
export * as Faults from "./Faults.js"

/**
 * @since 0.1.0
 */
export * as TestApiServer from "./TestApiServer.js"

/**
 * @since 0.1.0
 */
export * as WireFault from "./WireFault.js"
