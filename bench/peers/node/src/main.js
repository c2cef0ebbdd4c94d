// node src/main.js PEER MODE --store URL [--config C] [--jobs N] …
//
// A peer module exports open(options), which returns an object with: name; package; slots, where it
// doesn't take the number given; enqueue(job); enqueueBatch(jobs); startWorker(ran), whose handler
// does nothing but call ran(id); and unfinished(), the number of jobs that the store doesn't yet
// have as finished.
import { measurements } from './measure.js'
import { optionsFromCommandLine } from './options.js'
import { line } from './report.js'

const options = optionsFromCommandLine()
const { open } = await import(`./peers/${options.peer}.js`)
const peer = await open(options)
const measured = await measurements[options.mode](peer, options)
console.log(line(peer, options, measured))
// Some peers' workers have no stop that returns promptly, and nothing is left to save.
process.exit(0)
