//! The thread on which a journal writes.
//!
//! A journal has one writer, so one thread is enough, and it is the journal's own: a job in place on a runtime's worker
//! makes the runtime start another thread for each worker that is blocked. On a busy machine these grow to dozens, and
//! the allocator keeps memory for each of them.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError, mpsc},
    thread,
};

use antiphon_core::Trouble;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::oneshot,
    task::spawn_blocking,
};

use super::trouble::Failure;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that runs jobs one after the other; it is started by the first one, and ends when this is dropped.
#[derive(Default)]
pub(super) struct Worker(Mutex<Option<mpsc::Sender<Job>>>);

impl Worker {
    /// Runs a short job to its end, even if the caller is dropped.
    ///
    /// A current-thread runtime uses its blocking pool instead, which keeps a paused clock from moving.
    ///
    /// # Errors
    /// A job that panicked, a thread that could not be started, and a runtime that is shutting down.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            return Ok(spawn_blocking(job).await?);
        }
        let (done, result) = oneshot::channel();
        self.send(Box::new(move || {
            // The receiver is gone if the caller was dropped.
            let _ = done.send(catch_unwind(AssertUnwindSafe(job)));
        }))?;
        match result.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panicked)) => Err(Failure::said(Trouble::Other, words(&*panicked))),
            Err(_) => Err(Failure::new(Trouble::Closed)),
        }
    }

    fn send(&self, job: Job) -> Result<(), Failure> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = match &*jobs {
            Some(jobs) => jobs,
            None => jobs.insert(start()?),
        };
        jobs.send(job).map_err(|_| Failure::new(Trouble::Closed))
    }
}

fn start() -> Result<mpsc::Sender<Job>, Failure> {
    let (jobs, queue) = mpsc::channel::<Job>();
    thread::Builder::new()
        .name("antiphon-journal".into())
        .spawn(move || {
            for job in queue {
                job();
            }
        })
        .map_err(|error| Failure::said(Trouble::Other, error))?;
    Ok(jobs)
}

/// What a panic said.
fn words(panicked: &(dyn Any + Send)) -> String {
    let text = panicked.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panicked.downcast_ref::<&str>().copied());
    format!("it panicked: {}", text.unwrap_or("without a text"))
}
