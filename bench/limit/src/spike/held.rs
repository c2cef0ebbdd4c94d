use std::collections::VecDeque;

use super::claimed::Claimed;

/// One job in this many batches does not end before everything else has.
const BATCHES_PER_STRAGGLER: usize = 20;

/// The jobs a worker holds. Those that run end in random order.
pub struct HeldJobs {
    room: usize,
    waiting: VecDeque<Claimed>,
    running: Vec<Claimed>,
    stragglers: Vec<Claimed>,
    batches: usize,
}

impl HeldJobs {
    pub fn new(room: usize) -> Self {
        HeldJobs {
            room,
            waiting: VecDeque::new(),
            running: Vec::new(),
            stragglers: Vec::new(),
            batches: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.waiting.len() + self.running.len()
    }

    pub fn take_in(&mut self, mut batch: Vec<Claimed>) {
        if self.batches.is_multiple_of(BATCHES_PER_STRAGGLER) {
            self.stragglers.extend(batch.pop());
        }
        self.batches += 1;
        self.waiting.extend(batch);
        self.start();
    }

    pub fn ended(&mut self, count: usize) -> Vec<Claimed> {
        let mut ended = Vec::with_capacity(count);
        while ended.len() < count && !self.running.is_empty() {
            let index = fastrand::usize(..self.running.len());
            ended.push(self.running.swap_remove(index));
            self.start();
        }
        ended
    }

    pub fn stragglers(&self) -> usize {
        self.stragglers.len()
    }

    pub fn end_stragglers(&mut self) -> Vec<Claimed> {
        std::mem::take(&mut self.stragglers)
    }

    fn start(&mut self) {
        while self.running.len() < self.room {
            match self.waiting.pop_front() {
                Some(job) => self.running.push(job),
                None => break,
            }
        }
    }
}
