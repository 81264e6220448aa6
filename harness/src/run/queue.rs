//! Items that wait for threads, in groups. The items of a group are faster one after the other, and two threads are
//! faster with a group each: so a thread stays with its group, and helps with another's only at the end.

use std::collections::{HashMap, VecDeque};

/// See the module.
pub(super) struct Queue<'a, T> {
    groups: Vec<Group<'a, T>>,
}

struct Group<'a, T> {
    left: VecDeque<&'a T>,
    /// Whether a thread has this group.
    is_taken: bool,
}

impl<'a, T> Queue<'a, T> {
    /// All of `items`; `group` says to which group one belongs. The groups are in the order of their first items.
    pub(super) fn new(items: &'a [T], group: impl Fn(&T) -> String) -> Queue<'a, T> {
        let mut places = HashMap::new();
        let mut groups: Vec<Group<'a, T>> = Vec::new();
        for item in items {
            let place = *places.entry(group(item)).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Group { left: VecDeque::new(), is_taken: false });
            }
            groups[place].left.push_back(item);
        }
        Queue { groups }
    }

    /// The next item for a thread that had one of `current`, which becomes the group of this one.
    pub(super) fn next(&mut self, current: &mut Option<usize>) -> Option<&'a T> {
        let is_left = |group: &Group<'a, T>| !group.left.is_empty();
        let own = current.filter(|&place| is_left(&self.groups[place]));
        let place = own
            .or_else(|| self.groups.iter().position(|group| is_left(group) && !group.is_taken))
            .or_else(|| self.groups.iter().position(is_left))?;
        *current = Some(place);
        let group = &mut self.groups[place];
        group.is_taken = true;
        group.left.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_stays_with_its_group_and_helps_at_the_end() {
        let items = ["a1", "b1", "a2", "b2", "a3"];
        let mut queue = Queue::new(&items, |item| item[..1].to_owned());
        let (mut one, mut two) = (None, None);
        let mut got = Vec::new();
        for thread in [1, 2, 2, 2, 1, 1, 2] {
            let current = if thread == 1 { &mut one } else { &mut two };
            got.push(queue.next(current).copied());
        }
        assert_eq!(got, [Some("a1"), Some("b1"), Some("b2"), Some("a2"), Some("a3"), None, None]);
    }

    #[test]
    fn items_of_one_group_come_in_their_order() {
        let items = [3, 1, 2];
        let mut queue = Queue::new(&items, |_| String::new());
        let mut current = None;
        let all: Vec<i32> = std::iter::from_fn(|| queue.next(&mut current).copied()).collect();
        assert_eq!(all, items);
    }
}
