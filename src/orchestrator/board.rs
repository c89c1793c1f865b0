//! Where running tasks are, for whoever asks.
//!
//! Tasks write here at the pace of the model's stream; the main loop reads only when someone wants the status,
//! so a token never wakes the loop.

use dashmap::DashMap;

use crate::ports::ProgressStage;

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskProgress {
    /// The stage.
    pub stage: ProgressStage,
    /// Characters the model has written in this stage.
    pub written: usize,
    /// Where the task was before this stage, in percent: a repair goes back to earlier stages, its display does not.
    pub floor: u8,
}

/// The progress of every running task.
#[derive(Debug, Default)]
pub struct Board {
    tasks: DashMap<String, TaskProgress>,
}

impl TaskProgress {
    /// 0 to 100, never falling. Streaming approaches its end without reaching it, because
    /// the length of a reply is not known before.
    pub fn percent(self) -> u8 {
        let within_stream = || {
            let written = self.written.min(100_000);
            // Half of the way after 2,000 characters: a usual edit.
            u8::try_from(60 * written / (written + 2_000)).unwrap_or(60)
        };
        let percent = match self.stage {
            ProgressStage::Queued => 0,
            ProgressStage::Gather => 2,
            ProgressStage::Ask => 5,
            ProgressStage::Stream => 10 + within_stream(),
            ProgressStage::Resolve => 75,
            ProgressStage::Repair => 80,
        };
        percent.max(self.floor)
    }
}

impl Board {
    /// Sets the stage of a task.
    pub fn enter(&self, task: &str, stage: ProgressStage) -> TaskProgress {
        let floor = self.get(task).map_or(0, TaskProgress::percent);
        let progress = TaskProgress { stage, written: 0, floor };
        self.tasks.insert(task.to_owned(), progress);
        progress
    }

    /// Counts characters written in the current stage.
    pub fn write(&self, task: &str, characters: usize) -> Option<TaskProgress> {
        let mut progress = self.tasks.get_mut(task)?;
        progress.written += characters;
        Some(*progress)
    }

    /// Where a task is.
    pub fn get(&self, task: &str) -> Option<TaskProgress> {
        self.tasks.get(task).map(|progress| *progress)
    }

    /// Forgets a task that ended.
    pub fn remove(&self, task: &str) {
        self.tasks.remove(task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_never_falls_while_a_task_goes_its_way() {
        use ProgressStage::{Ask, Gather, Queued, Resolve, Stream};
        let stages = [Queued, Gather, Ask, Stream, Stream, Stream, Resolve];
        let written = [0, 0, 0, 0, 2_000, usize::MAX, 0];
        let percents: Vec<u8> = stages
            .iter()
            .zip(written)
            .map(|(&stage, written)| TaskProgress { stage, written, floor: 0 }.percent())
            .collect();
        assert!(percents.is_sorted(), "{percents:?}");
    }

    #[test]
    fn a_repair_does_not_go_back() {
        use ProgressStage::{Repair, Resolve, Stream};
        let board = Board::default();
        let percents =
            [Stream, Resolve, Repair, Stream, Resolve].map(|stage| board.enter("t1", stage).percent());
        assert!(percents.is_sorted(), "{percents:?}");
    }
}
