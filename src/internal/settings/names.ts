// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and …/labels/

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const labelName = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/

const matches = (value: unknown, pattern: RegExp, maxLength: number): boolean =>
  typeof value === "string" && value.length <= maxLength && pattern.test(value)

export const isObjectName = (value: unknown): boolean => matches(value, subdomain, 253)

export const isNamespace = (value: unknown): boolean => matches(value, label, 63)

export const isLabelValue = (value: unknown): boolean => value === "" || matches(value, labelName, 63)

export const isLabelKey = (value: string): boolean => {
  const slash = value.indexOf("/")
  return matches(value.slice(slash + 1), labelName, 63) && (slash === -1 || isObjectName(value.slice(0, slash)))
}
