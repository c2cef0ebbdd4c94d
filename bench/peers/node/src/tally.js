// Counts the handler's runs by job, so that a job that ran twice or never fails the measurement.
export class Tally {
  #startedAt
  #runs = 0
  #target = Infinity
  #reached = () => {}

  constructor(jobs) {
    this.#startedAt = new Float64Array(jobs)
  }

  ran = (id) => {
    this.#startedAt[id] = performance.now()
    this.#runs += 1
    if (this.#runs >= this.#target) this.#reached()
  }

  startedAt(id) {
    return this.#startedAt[id]
  }

  waitForRuns(runs) {
    if (this.#runs >= runs) return Promise.resolve()
    return new Promise((resolve) => {
      this.#target = runs
      this.#reached = resolve
    })
  }

  checkEachRanOnce() {
    const never = this.#startedAt.filter((at) => at === 0).length
    if (this.#runs !== this.#startedAt.length || never > 0) {
      throw new Error(`${this.#runs} runs of ${this.#startedAt.length} jobs, ${never} never ran`)
    }
  }
}
