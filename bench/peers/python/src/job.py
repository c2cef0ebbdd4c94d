"""The args of every job: about 200 bytes of JSON, the same in every language."""


def job(id):
    return {
        "id": id,
        "recipient": f"customer-{id}@example.com",
        "subject": "Your order has left the warehouse",
        "body": "It should reach you in two to three working days."
        " Thank you very much for your order.",
    }


def batches(jobs, size):
    for first in range(0, jobs, size):
        yield [job(id) for id in range(first, min(jobs, first + size))]
