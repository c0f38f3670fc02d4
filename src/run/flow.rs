//! Pieces that are read and taken one after the other, and worked on in
//! between by all threads.
//!
//! A thread reads a piece, works on it while it is in its cache, and takes
//! what is due in order, unless another thread does. So no thread waits for
//! the others to finish a batch, and little is held.
//!
//! * time: that of reading, work and taking, with a lock for each of them
//! * space: pieces of `most` bytes that are read and not taken, and one more
//!   for each thread

use std::collections::VecDeque;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rayon::prelude::*;

/// What is between reading and taking.
struct Line<T, E> {
    /// What is due next and later, with the bytes that it was read as; none
    /// while it is worked on.
    made: VecDeque<Option<(T, usize)>>,
    /// Number of the first of them.
    due: usize,
    /// Bytes read and not taken.
    bytes: usize,
    /// Whether a thread takes what is due.
    taking: bool,
    /// Whether nothing more is to be done.
    over: bool,
    failed: Option<E>,
}

/// Where pieces come from.
struct Source<N, E> {
    next: N,
    /// Number of the next piece.
    number: usize,
    ended: bool,
    failed: Option<E>,
}

struct Flow<N, K, T, E> {
    most: usize,
    source: Mutex<Source<N, E>>,
    line: Mutex<Line<T, E>>,
    /// When something was taken.
    moved: Condvar,
    take: Mutex<K>,
}

/// Passes all pieces that `next` gives, with their bytes, through `work`, and
/// what that made of them to `take`, in the order of the pieces.
///
/// `work` is given memory that a thread uses again from piece to piece. Of a
/// piece of more than `most` bytes nothing else is held beside it.
///
/// # Errors
///
/// The first in the order of the pieces; all before it were taken.
pub(super) fn in_order<I, S, T, E>(
    most: usize,
    next: impl FnMut() -> Result<Option<(I, usize)>, E> + Send,
    work: impl Fn(&mut S, I) -> T + Sync,
    take: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E>
where
    S: Default,
    T: Send,
    E: Send,
{
    let threads = rayon::current_num_threads();
    let line =
        Line { made: VecDeque::new(), due: 0, bytes: 0, taking: false, over: false, failed: None };
    let flow = Flow {
        most: most.max(1),
        source: Mutex::new(Source { next, number: 0, ended: false, failed: None }),
        line: Mutex::new(line),
        moved: Condvar::new(),
        take: Mutex::new(take),
    };
    // A thread that waits within `take` for others may be handed the part of
    // another thread, and would wait there for itself.
    let within: Vec<AtomicBool> = (0..threads).map(|_| AtomicBool::new(false)).collect();
    (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
        let own = rayon::current_thread_index().and_then(|thread| within.get(thread));
        if own.is_some_and(|within| within.swap(true, Ordering::Relaxed)) {
            return;
        }
        flow.run(&work);
        own.into_iter().for_each(|within| within.store(false, Ordering::Relaxed));
    });
    let Flow { source, line, .. } = flow;
    let taken = line.into_inner().unwrap_or_else(PoisonError::into_inner).failed;
    let read = source.into_inner().unwrap_or_else(PoisonError::into_inner).failed;
    taken.or(read).map_or(Ok(()), Err)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<N, K, T, E> Flow<N, K, T, E> {
    /// The part of a thread.
    fn run<I, S: Default>(&self, work: impl Fn(&mut S, I) -> T)
    where
        N: FnMut() -> Result<Option<(I, usize)>, E>,
        K: FnMut(T) -> Result<(), E>,
    {
        let _leaving = Leaving(self);
        let mut scratch = S::default();
        while let Some((number, piece, bytes)) = self.read() {
            self.put(number, (work(&mut scratch, piece), bytes));
        }
    }

    /// The next piece, with its number and bytes, when there is room for it.
    fn read<I>(&self) -> Option<(usize, I, usize)>
    where
        N: FnMut() -> Result<Option<(I, usize)>, E>,
    {
        let mut source = lock(&self.source);
        if source.ended || self.wait(self.most).over {
            return None;
        }
        match (source.next)() {
            Ok(Some((piece, bytes))) => {
                let room = if bytes > self.most { 1 } else { usize::MAX };
                self.wait(room).bytes += bytes;
                source.number += 1;
                return Some((source.number - 1, piece, bytes));
            }
            Ok(None) => {}
            Err(error) => source.failed = Some(error),
        }
        source.ended = true;
        None
    }

    /// Waits until fewer bytes than `most` are held, or all is over. Whoever
    /// waits has no piece, so that those that do go on.
    fn wait(&self, most: usize) -> MutexGuard<'_, Line<T, E>> {
        let line = lock(&self.line);
        let full = |line: &mut Line<T, E>| line.bytes >= most && !line.over;
        self.moved.wait_while(line, full).unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts what was made of a piece in its place, and takes what is due.
    fn put(&self, number: usize, made: (T, usize))
    where
        K: FnMut(T) -> Result<(), E>,
    {
        let mut line = lock(&self.line);
        let at = number - line.due;
        if line.made.len() <= at {
            line.made.resize_with(at + 1, || None);
        }
        line.made[at] = Some(made);
        if line.taking {
            return;
        }
        line.taking = true;
        while !line.over && line.made.front().is_some_and(Option::is_some) {
            let Some(Some((made, bytes))) = line.made.pop_front() else { break };
            line.due += 1;
            drop(line);
            let taken = lock(&self.take)(made);
            line = lock(&self.line);
            line.bytes -= bytes;
            if let Err(error) = taken {
                (line.over, line.failed) = (true, Some(error));
            }
            self.moved.notify_all();
        }
        line.taking = false;
    }
}

/// Ends all when a thread panics: others would wait for it.
struct Leaving<'a, N, K, T, E>(&'a Flow<N, K, T, E>);

impl<N, K, T, E> Drop for Leaving<'_, N, K, T, E> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.line).over = true;
            self.0.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    /// What is taken of pieces `0..n` when reading fails at one and taking at
    /// another, and the error.
    fn taken(n: u64, most: usize, read: u64, take: u64) -> (Vec<u64>, Result<(), u64>) {
        let (mut at, mut all) = (0, Vec::new());
        let next = || {
            if at == read {
                return Err(1000 + at);
            }
            at += 1;
            let mut state = at;
            let bytes = (splitmix64(&mut state) % 40) as usize;
            Ok((at <= n).then_some((at - 1, bytes)))
        };
        let work = |seen: &mut u64, piece: u64| {
            *seen += 1;
            let mut state = piece;
            (0..splitmix64(&mut state) % 2000).for_each(|x| *seen ^= std::hint::black_box(x) & 1);
            piece
        };
        let result = in_order(most, next, work, |piece| {
            if piece == take {
                return Err(piece);
            }
            // Threads that wait here may be handed other work.
            all.push((0..50u64).into_par_iter().map(|_| piece).max().unwrap_or(0));
            Ok(())
        });
        (all, result)
    }

    #[test]
    fn pieces_are_taken_in_order_up_to_the_first_error() {
        for threads in 1..=4 {
            pool(threads).install(|| {
                for n in [0, 1, 2, 7, 300] {
                    for most in [0, 1, 30, 100, usize::MAX] {
                        let none = u64::MAX;
                        assert_eq!(taken(n, most, none, none), ((0..n).collect(), Ok(())));
                        for fails in [0, 1, 5, 250] {
                            let before: Vec<u64> = (0..n.min(fails)).collect();
                            let read = if fails <= n { Err(1000 + fails) } else { Ok(()) };
                            assert_eq!(taken(n, most, fails, none), (before.clone(), read));
                            let take = if fails < n { Err(fails) } else { Ok(()) };
                            assert_eq!(taken(n, most, none, fails), (before, take));
                        }
                    }
                }
            });
        }
    }

    #[test]
    fn no_more_is_held_than_is_allowed() {
        pool(4).install(|| {
            let held = std::sync::atomic::AtomicUsize::new(0);
            let mut at = 0;
            let next = || {
                at += 1;
                let bytes = if at % 10 == 0 { 500 } else { 10 };
                let others = held.fetch_add(bytes, Ordering::SeqCst);
                assert!(others < 100, "{others}");
                Ok::<_, ()>((at <= 500).then_some((bytes, bytes)))
            };
            let work = |(): &mut (), bytes: usize| {
                let all = held.load(Ordering::SeqCst);
                assert!(bytes < 500 || all == 500, "{all}");
                bytes
            };
            in_order(100, next, work, |bytes| {
                held.fetch_sub(bytes, Ordering::SeqCst);
                Ok(())
            })
            .unwrap();
        });
    }

    #[test]
    fn a_panic_ends_all_threads() {
        for threads in 1..=4 {
            let run = || {
                let mut at = 0;
                let next = || {
                    at += 1;
                    Ok::<_, ()>(Some((at, 10)))
                };
                let work = |(): &mut (), piece: u32| assert!(piece < 100, "as it has to");
                in_order(50, next, work, |()| Ok(()))
            };
            let result = std::panic::catch_unwind(|| pool(threads).install(run));
            assert!(result.is_err());
        }
    }
}
