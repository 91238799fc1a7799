use std::sync::Arc;

use redb::{Durability, Error};
use tokio::sync::{mpsc, oneshot};

use super::{
    Failure,
    file::{Failed, StoreFile},
    read_only,
    tables::Draft,
};
use crate::{
    config::limits::STORE_GROUP_MAX,
    storage::{Batch, Committed, Outcome, Retention, Revision, StoreError, Txn, event_log::EventLog, txn::decide},
    world::{Bug, Planted},
};

/// What the writer is asked, and where it answers.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) reply: oneshot::Sender<Answer>,
}

#[derive(Debug)]
pub(super) enum Task {
    Commit(Txn),
    Compact(Revision),
}

type Answer = Result<Committed, StoreError>;

/// The only one that writes the file.
pub(super) struct Writer {
    pub(super) file: Arc<StoreFile>,
    pub(super) log: Arc<EventLog>,
    pub(super) durability: Durability,
    pub(super) retention: Retention,
    /// The bytes of what the file's newest revision does not have.
    pub(super) history: u64,
    pub(super) failure: Failure,
}

/// How a commit is made to last.
pub(super) fn durability(planted: Planted) -> Durability {
    if planted.has(Bug::AcknowledgesBeforeSync) { Durability::None } else { Durability::Immediate }
}

impl Writer {
    /// Writes until nobody can ask any more: all that waits at a time in one commit.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::new();
        while queue.recv_many(&mut jobs, STORE_GROUP_MAX).await > 0 {
            let (tasks, replies): (Vec<_>, Vec<_>) = jobs.drain(..).map(|job| (job.task, job.reply)).unzip();
            let answers = match self.write(tasks) {
                Ok(answers) => answers,
                Err(error) => vec![Err(error); replies.len()],
            };
            for (reply, answer) in replies.into_iter().zip(answers) {
                // Whoever asked may have left.
                drop(reply.send(answer));
            }
        }
    }

    fn write(&mut self, tasks: Vec<Task>) -> Result<Vec<Answer>, StoreError> {
        if let Some(why) = self.failure.get() {
            return Err(read_only(why));
        }
        let mut batches = Vec::new();
        let written = self.file.write(self.durability, self.history, |draft| {
            let answers = tasks.into_iter().map(|task| carry_out(task, draft, &mut batches));
            let answers = answers.collect::<Result<Vec<_>, _>>()?;
            draft.forget(self.retention)?;
            Ok((answers, draft.history))
        });
        let (answers, history) = written.map_err(|failed| self.meet(failed))?;
        self.history = history;
        // Before anybody is answered: who is may watch from there, and must not be told again.
        batches.into_iter().for_each(|batch| self.log.add(Arc::new(batch)));
        Ok(answers)
    }

    /// What to answer after a failure, and whether to go on.
    fn meet(&mut self, failed: Failed) -> StoreError {
        let (why, answer): (_, fn(String) -> StoreError) = match failed {
            // The database has taken no harm, but trusts its file only when it is opened again.
            Failed::Full => match self.file.reopen() {
                Ok(newest) if newest == self.log.revision() => return StoreError::Full,
                Ok(_) => ("its disk was full while it committed".to_owned(), StoreError::Unknown),
                Err(error) => (error.to_string(), StoreError::Unknown),
            },
            Failed::Before(why) => (why, StoreError::Unavailable),
            Failed::During(why) => (why, StoreError::Unknown),
        };
        tracing::error!(error = why, "the store is read-only from now on");
        answer(self.failure.get_or_init(|| why).clone())
    }
}

fn carry_out(task: Task, draft: &mut Draft<'_>, batches: &mut Vec<Batch>) -> Result<Answer, Error> {
    let newest = draft.span.newest;
    Ok(match task {
        Task::Commit(txn) => {
            let (committed, batch) = decide(txn, newest, |key| draft.get(key))?;
            if let Some(batch) = batch {
                draft.add(&batch)?;
                batches.push(batch);
            }
            Ok(committed)
        }
        Task::Compact(revision) if revision > newest => Err(StoreError::Future(newest)),
        Task::Compact(revision) => {
            draft.compact(revision)?;
            Ok(Committed { revision: newest, outcome: Outcome::Then, records: Vec::new() })
        }
    })
}
