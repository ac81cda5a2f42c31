/** Without the lines of the default logger that tell who leads. */
export const withoutWhoLeads = (stderr: string): string =>
  stderr.replace(/^kubernetes-lease: (?:Acquired|Released|Handed over) .*\n/gm, "")
