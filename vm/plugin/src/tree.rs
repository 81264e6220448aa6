// SPDX-License-Identifier: GPL-2.0-or-later
//! The call tree: a node for each path of calls, with the instructions that the current window spent in it.

/// A node's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Node(u32);

/// What all paths begin with.
pub(crate) const ROOT: Node = Node(0);

/// The frame of user space. Its function is 0.
pub(crate) const USER: Node = Node(1);

/// The most nodes. A workload of the kernel has some thousands of paths.
const MOST: usize = 1 << 22;

#[derive(Debug, Clone)]
struct Frame {
    function: u64,
    dynamic: bool,
    parent: Node,
    /// The child that was entered last, and the next child of the same parent.
    first: Option<Node>,
    next: Option<Node>,
    count: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Tree {
    frames: Vec<Frame>,
    /// The nodes with instructions in the current window.
    touched: Vec<Node>,
    overflowed: bool,
}

impl Tree {
    /// A tree with [`ROOT`] and [`USER`].
    pub(crate) fn new() -> Tree {
        let frame = Frame { function: 0, dynamic: false, parent: ROOT, first: None, next: None, count: 0 };
        let root = Frame { first: Some(USER), ..frame.clone() };
        Tree { frames: vec![root, frame], touched: Vec::new(), overflowed: false }
    }

    fn frame(&self, node: Node) -> &Frame {
        &self.frames[node.0 as usize]
    }

    fn frame_mut(&mut self, node: Node) -> &mut Frame {
        &mut self.frames[node.0 as usize]
    }

    /// Returns the caller of `node`; that of [`ROOT`] is itself.
    pub(crate) fn parent(&self, node: Node) -> Node {
        self.frame(node).parent
    }

    /// Returns the address of the function.
    pub(crate) fn function(&self, node: Node) -> u64 {
        self.frame(node).function
    }

    /// Whether the function is code that the kernel made or loaded.
    pub(crate) fn is_dynamic(&self, node: Node) -> bool {
        self.frame(node).dynamic
    }

    /// Whether there were more paths than a tree holds. They count for their callers.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.overflowed
    }

    /// Returns the node of `function` when `caller` calls it.
    pub(crate) fn child(&mut self, caller: Node, function: u64, dynamic: bool) -> Node {
        let (mut before, mut at) = (None, self.frame(caller).first);
        while let Some(node) = at {
            let next = self.frame(node).next;
            if self.frame(node).function == function && node != USER {
                if let Some(before) = before {
                    self.frame_mut(before).next = next;
                    self.put_first(caller, node);
                }
                return node;
            }
            (before, at) = (at, next);
        }
        if self.frames.len() >= MOST {
            self.overflowed = true;
            return caller;
        }
        let node = Node(self.frames.len() as u32);
        self.frames.push(Frame { function, dynamic, parent: caller, first: None, next: None, count: 0 });
        self.put_first(caller, node);
        node
    }

    fn put_first(&mut self, caller: Node, node: Node) {
        self.frame_mut(node).next = self.frame(caller).first;
        self.frame_mut(caller).first = Some(node);
    }

    /// Adds `instructions` to `node`.
    pub(crate) fn add(&mut self, node: Node, instructions: u64) {
        let count = &mut self.frames[node.0 as usize].count;
        if *count == 0 && instructions > 0 {
            self.touched.push(node);
        }
        *count += instructions;
    }

    /// Takes one instruction away, which did not finish.
    pub(crate) fn take_one(&mut self, node: Node) {
        let count = &mut self.frames[node.0 as usize].count;
        *count = count.saturating_sub(1);
    }

    /// Returns the nodes of the window with their instructions, and begins another window.
    pub(crate) fn take_window(&mut self) -> Vec<(Node, u64)> {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        // A node from which all was taken may have been touched again.
        touched.dedup();
        let counts = touched.into_iter().map(|node| (node, std::mem::take(&mut self.frame_mut(node).count)));
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_has_one_node() {
        let mut tree = Tree::new();
        let [a, b] = [1, 2].map(|function| tree.child(ROOT, function, false));
        let below = tree.child(a, 2, true);
        assert_eq!([tree.child(ROOT, 1, false), tree.child(ROOT, 2, false)], [a, b]);
        assert_eq!((tree.child(a, 2, true), tree.parent(below), tree.function(below)), (below, a, 2));
        assert!(tree.is_dynamic(below) && !tree.is_dynamic(b));
        assert_ne!(tree.child(ROOT, 0, false), USER);
    }

    #[test]
    fn a_window_has_what_was_added_since_the_last() {
        let mut tree = Tree::new();
        let a = tree.child(ROOT, 1, false);
        tree.add(a, 3);
        tree.add(USER, 1);
        tree.take_one(USER);
        tree.add(USER, 2);
        assert_eq!(tree.take_window(), [(USER, 2), (a, 3)]);
        assert_eq!(tree.take_window(), []);
    }

    proptest! {
        /// Against a map from whole paths to numbers.
        #[test]
        fn the_tree_is_a_map_from_paths(paths in proptest::collection::vec(proptest::collection::vec(1_u64..5, 0..6), 1..40)) {
            let mut tree = Tree::new();
            let mut expected = std::collections::BTreeMap::new();
            for path in &paths {
                let node = path.iter().fold(ROOT, |node, function| tree.child(node, *function, false));
                tree.add(node, 1);
                *expected.entry(path.clone()).or_insert(0) += 1;
            }
            let window = tree.take_window();
            prop_assert_eq!(window.len(), expected.len());
            for (node, count) in window {
                let (mut path, mut at) = (Vec::new(), node);
                while at != ROOT {
                    path.insert(0, tree.function(at));
                    at = tree.parent(at);
                }
                prop_assert_eq!(expected.get(&path), Some(&count));
            }
        }
    }
}
