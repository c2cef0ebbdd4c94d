//! How the rows of the terminal are shared.

/// How many rows each of several lists gets of these: as many as it wants as long as there are enough, and otherwise in turns, so
/// that none takes what another lacks.
pub(super) fn share(rows: usize, wants: &[usize]) -> Vec<usize> {
    let mut given = vec![0; wants.len()];
    let mut left = rows;
    while left > 0 {
        let before = left;
        for (given, want) in given.iter_mut().zip(wants) {
            if left > 0 && *given < *want {
                *given += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    given
}

/// The first row that is shown of a list, so that the selected one is, with what is around it.
pub(super) fn first(selected: usize, shown: usize, all: usize) -> usize {
    selected.saturating_sub(shown / 2).min(all.saturating_sub(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_little_gets_it_and_the_others_share_the_rest() {
        assert_eq!(share(16, &[1, 3, 5, 2]), [1, 3, 5, 2]);
        assert_eq!(share(16, &[1, 40, 40, 2]), [1, 7, 6, 2]);
        assert_eq!(share(3, &[9, 9, 9, 9]), [1, 1, 1, 0]);
        assert_eq!(share(0, &[1]), [0]);
    }

    #[test]
    fn nobody_gets_more_than_it_wants_and_no_row_is_lost() {
        for rows in 0..40 {
            for wants in [[0, 0, 0, 0], [1, 1, 1, 1], [0, 30, 2, 9], [50, 1, 0, 50], [9, 9, 9, 9]] {
                let given = share(rows, &wants);
                assert!(given.iter().zip(&wants).all(|(given, want)| given <= want), "{given:?}");
                assert_eq!(given.iter().sum::<usize>(), rows.min(wants.iter().sum()));
            }
        }
    }

    #[test]
    fn the_selected_row_is_shown() {
        for all in 1..40 {
            for (shown, selected) in (1..12).flat_map(|shown| (0..all).map(move |at| (shown, at))) {
                let first = first(selected, shown, all);
                assert!(first <= selected && selected < first + shown);
                assert!(first + shown.min(all) <= all);
            }
        }
    }
}
