//! Shows what is being done while it is done: one aligned line per step.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often long work reports that it is still running.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The columns that the text of a step fills, before its duration.
const TEXT_WIDTH: usize = 70;

/// The columns that a step's or a result's name fills, before its text.
const NAME_WIDTH: usize = 10;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It succeeded.
    Ok,
    /// It failed.
    Failed,
    /// It is still running.
    Running,
}

impl Mark {
    fn text(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "FAIL",
            Self::Running => "...",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Ok => Style::Green,
            Self::Failed => Style::Red,
            Self::Running => Style::Dim,
        }
    }
}

#[derive(Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Green,
    Red,
}

impl Style {
    /// The parameters of the escape sequence (ECMA-48, "SGR").
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Green => "32",
            Self::Red => "1;31",
        }
    }
}

/// Where progress is shown.
#[derive(Clone)]
pub struct Progress {
    sink: Arc<dyn Fn(&str) + Send + Sync>,
    interactive: bool,
    verbose: bool,
    coloured: bool,
}

impl Progress {
    /// Shows nothing: for tests, where only failures matter.
    pub fn silent() -> Self {
        Self {
            sink: Arc::new(|_| {}),
            interactive: false,
            verbose: false,
            coloured: false,
        }
    }

    /// Shows progress on standard output, in colour on a terminal unless `NO_COLOR` is set
    /// (<https://no-color.org>). Long-running tools may write to the terminal as well.
    pub fn terminal(verbose: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            // A closed terminal must not end the clean-up.
            sink: Arc::new(|line| {
                let mut out = std::io::stdout().lock();
                let _ = writeln!(out, "{line}").and_then(|()| out.flush());
            }),
            interactive: true,
            verbose,
            coloured: std::io::stdout().is_terminal() && !no_color,
        }
    }

    /// Whether tools that show their own progress should do so.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Shows one line as it is.
    pub fn say(&self, line: impl AsRef<str>) {
        (self.sink)(line.as_ref());
    }

    /// Begins a group of steps.
    pub fn heading(&self, text: &str) {
        self.say(format!("\n{}", self.paint(Style::Bold, text)));
    }

    /// Shows a step: how it ended, its text, and how long it took.
    pub fn step(&self, mark: Mark, text: &str, duration: Duration) {
        let status = self.paint(mark.style(), &format!("{:<4}", mark.text()));
        let duration = self.paint(Style::Dim, &format!("{:>8}", took(duration)));
        self.say(format!("  {status}  {text:<TEXT_WIDTH$}  {duration}"));
    }

    /// Shows a step that has a name besides its text.
    pub fn named_step(&self, mark: Mark, name: &str, text: &str, duration: Duration) {
        self.step(mark, &named(name, text), duration);
    }

    /// Shows a line of the result.
    pub fn result(&self, name: &str, text: &str) {
        self.say(named(name, text));
    }

    /// Shows the verdict.
    pub fn verdict(&self, is_good: bool, text: &str) {
        let style = if is_good { Style::Green } else { Style::Red };
        self.result("Verdict", &self.paint(style, text));
    }

    /// Shows details of the step before, where they are asked for.
    pub fn details(&self, lines: impl IntoIterator<Item = String>) {
        if self.verbose {
            for line in lines {
                self.say(format!("          {line}"));
            }
        }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.coloured {
            format!("\x1b[{}m{text}\x1b[0m", style.code())
        } else {
            text.to_owned()
        }
    }

    /// Does some work, and shows that it is still running and how long it took.
    pub async fn during<T, E>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let began = Instant::now();
        let mut work = pin!(work);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.tick().await;
        let result = loop {
            tokio::select! {
                result = &mut work => break result,
                _ = heartbeat.tick() => self.step(Mark::Running, what, began.elapsed()),
            }
        };
        let mark = if result.is_ok() {
            Mark::Ok
        } else {
            Mark::Failed
        };
        self.step(mark, what, began.elapsed());
        result
    }
}

fn named(name: &str, text: &str) -> String {
    format!("{name:<NAME_WIDTH$}  {text}")
}

/// A duration for people.
pub fn took(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn shown(verbose: bool, coloured: bool, show: impl FnOnce(&Progress)) -> Vec<String> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        show(&Progress {
            sink: Arc::new(move |line| sink.lock().unwrap().push(line.to_owned())),
            interactive: true,
            verbose,
            coloured,
        });
        lines.lock().unwrap().clone()
    }

    #[test]
    fn steps_are_aligned_whatever_their_text_and_duration() {
        let lines = shown(false, false, |progress| {
            progress.step(
                Mark::Ok,
                "Deploy template.yaml",
                Duration::from_millis(5230),
            );
            progress.named_step(Mark::Failed, "Role", "not ours", Duration::from_millis(7));
        });
        assert!(lines[0].ends_with("   5.2 s") && lines[1].ends_with("    7 ms"));
        assert_eq!(lines[0].len(), lines[1].len());
        assert_eq!(lines[0].find("Deploy"), lines[1].find("Role"));
    }

    #[test]
    fn details_are_shown_only_where_they_are_asked_for() {
        let show = |progress: &Progress| progress.details(["key: order-lookup".to_owned()]);
        assert!(shown(false, false, show).is_empty());
        assert_eq!(shown(true, false, show), ["          key: order-lookup"]);
    }

    #[test]
    fn nothing_is_coloured_away_from_a_terminal() {
        let show = |progress: &Progress| {
            progress.heading("Rotate");
            progress.step(Mark::Ok, "text", Duration::ZERO);
            progress.verdict(true, "Verified");
        };
        assert!(!shown(false, false, show).concat().contains('\x1b'));
        let coloured = shown(false, true, show);
        assert!(coloured.iter().all(|line| line.contains('\x1b')));
    }
}
