// The args of every job: about 200 bytes of JSON, the same in every language.
export function job(id) {
  return {
    id,
    recipient: `customer-${id}@example.com`,
    subject: 'Your order has left the warehouse',
    body: 'It should reach you in two to three working days. Thank you very much for your order.',
  }
}

export function* batches(jobs, size) {
  for (let first = 0; first < jobs; first += size) {
    const count = Math.min(size, jobs - first)
    yield Array.from({ length: count }, (_, offset) => job(first + offset))
  }
}
