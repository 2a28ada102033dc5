//! The shortest prefix of a script that still fails.

use crate::script::Script;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortest {
    /// The script with so many of its first acts fails, and was not seen to fail with fewer.
    Acts(usize),
    /// The whole script did not fail again.
    NotAgain,
}

/// Looks for it by halving; each prefix is played up to `tries` times until it fails.
///
/// Of a script with `n` acts that is at most `tries` times one more than the binary logarithm of `n`, rounded up: with
/// processes no two runs are quite alike, so that more would prove no more.
///
/// # Errors
/// Those of playing.
pub(crate) async fn shortest(
    script: &Script,
    tries: u32,
    mut fails: impl AsyncFnMut(&Script) -> anyhow::Result<bool>,
) -> anyhow::Result<Shortest> {
    let mut fails_once = async |acts: usize| {
        let script = script.first(acts);
        for _ in 0..tries {
            if fails(&script).await? {
                return Ok::<bool, anyhow::Error>(true);
            }
        }
        Ok(false)
    };
    let mut most = script.acts.len();
    if !fails_once(most).await? {
        return Ok(Shortest::NotAgain);
    }
    let mut least = 0;
    while least < most {
        let middle = least.midpoint(most);
        if fails_once(middle).await? {
            most = middle;
        } else {
            least = middle + 1;
        }
    }
    Ok(Shortest::Acts(most))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::script::Stage;

    fn script() -> Script {
        Script::new(3, Stage::new(Duration::from_secs(8), 1.0))
    }

    #[tokio::test]
    async fn the_first_act_that_makes_it_fail_is_found() {
        let script = script();
        for last in 0..=script.acts.len() {
            let mut runs = 0;
            let found = shortest(&script, 2, async |prefix: &Script| {
                runs += 1;
                Ok(prefix.acts.len() >= last)
            });
            assert_eq!(found.await.expect("it plays"), Shortest::Acts(last));
            assert!(
                runs <= 2 * (usize::BITS - script.acts.len().leading_zeros() + 2),
                "{runs}"
            );
        }
    }

    #[tokio::test]
    async fn a_script_that_does_not_fail_again_has_none() {
        let found = shortest(&script(), 3, async |_: &Script| Ok(false)).await;
        assert_eq!(found.expect("it plays"), Shortest::NotAgain);
    }
}
