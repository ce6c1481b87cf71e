from pipeline.journal import Journal


def test_records_are_those_whose_line_is_whole_however_often_a_run_is_killed(tmp_path):
    journal = Journal(tmp_path / "done.jsonl")
    assert journal.read() == []
    for number in range(3):
        with journal.adding() as add:
            add({"start": number})
        with open(journal.path, "a") as file:
            file.write('{"start": 7')  # the line that a kill cut
        assert journal.read() == [{"start": done} for done in range(number + 1)]
