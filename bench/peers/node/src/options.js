import { parseArgs } from 'node:util'

export function optionsFromCommandLine() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      store: { type: 'string' },
      config: { type: 'string', default: 'fastest' },
      jobs: { type: 'string', default: '10000' },
      slots: { type: 'string', default: '50' },
      batch: { type: 'string', default: '1000' },
      clients: { type: 'string', default: '1' },
    },
  })
  const [peer, mode] = positionals
  const number = (name) => Number.parseInt(values[name], 10)
  return {
    peer,
    mode,
    store: values.store,
    config: values.config,
    jobs: number('jobs'),
    slots: number('slots'),
    batch: number('batch'),
    clients: number('clients'),
  }
}
