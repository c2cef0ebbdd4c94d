import { execFileSync } from 'node:child_process'

// Gives a PostgreSQL that has just taken in a backlog the statistics that autovacuum would within a
// minute; without them some peers' plans, and so their figures, are a matter of luck.
export function settle({ store }) {
  if (!store.startsWith('postgres')) return
  execFileSync('psql', [store, '-qc', 'vacuum analyze', '-qc', 'checkpoint'])
}
