"""What a cluster made on the machine is removed with it; what was there before is not."""

from __future__ import annotations

from pathlib import Path

from cluster import leftovers


def test_given_folders_of_ours_and_of_others_then_only_ours_go(tmp_path: Path) -> None:
    # Given a folder that was there before the start, and two that were not
    record, theirs = tmp_path / "made", tmp_path / "theirs"
    theirs.mkdir()
    ours = [tmp_path / "one", tmp_path / "two"]
    leftovers.note(record, [theirs, *ours])
    (ours[0] / "pod" / "container").mkdir(parents=True)
    # When the cluster ends
    left = leftovers.remove(record)
    # Then theirs is untouched, ours are gone (one never came to be), and so is the record
    assert left == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs"]


def test_given_a_folder_that_something_uses_then_it_stays_and_is_named(tmp_path: Path) -> None:
    record, used = tmp_path / "made", tmp_path / "used"
    leftovers.note(record, [used])
    used.mkdir()
    (used / "file").touch()
    assert leftovers.remove(record) == [used]
    assert (used / "file").exists()


def test_given_a_crash_and_a_second_start_then_the_first_record_still_counts(
    tmp_path: Path,
) -> None:
    # Given a start, after which the machine lost its processes
    record, ours = tmp_path / "made", tmp_path / "ours"
    leftovers.note(record, [ours])
    ours.mkdir()
    # When it is started again, and ends as it should
    leftovers.note(record, [ours])
    leftovers.remove(record)
    # Then the folder of the first start is gone
    assert not ours.exists()


def test_nothing_recorded_means_nothing_removed(tmp_path: Path) -> None:
    assert leftovers.remove(tmp_path / "made") == []


def test_pods_have_one_cgroup_per_controller_or_one_for_all(tmp_path: Path) -> None:
    # Given the first version of cgroups, with a link between two controllers
    for name in ("memory", "cpu,cpuacct"):
        (tmp_path / name).mkdir()
    (tmp_path / "cpu").symlink_to("cpu,cpuacct")
    assert set(leftovers.pod_cgroups(tmp_path)) == {
        tmp_path / "memory" / "k8s.io",
        tmp_path / "cpu,cpuacct" / "k8s.io",
    }
    # And the second
    (tmp_path / "cgroup.controllers").touch()
    assert leftovers.pod_cgroups(tmp_path) == [tmp_path / "k8s.io"]
