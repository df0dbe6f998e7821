import pytest

from landwright.data.benchmarks import SUITES, benchmark, list_benchmarks
from landwright.errors import UsageError
from landwright.legends.vocabulary import list_vocabularies, load_vocabulary

# Pairs of the complete sets, where the reference notes or the publishers tell them.
EXPECTED = {
    **{"loveda": 1669, "potsdam": 2016, "vaihingen": 398, "isaid": 11644, "uavid": 1020},
    **{"inria": 675, "deepglobe-roads": 1530, "massachusetts-roads": 49, "spacenet-roads": 567, "wbs-si": 499},
}


def test_suites():
    assert [len(names) for names in SUITES.values()] == [8, 9]
    assert list_benchmarks() == [*SUITES["ovss8"], *SUITES["ovss-single"]]
    assert sorted(list_benchmarks()) == sorted(list_vocabularies())
    with pytest.raises(UsageError, match=r"no benchmark set 'postdam'.*potsdam"):
        benchmark("postdam")


@pytest.mark.parametrize("name", list_benchmarks())
def test_description(name):
    chosen = benchmark(name)
    assert chosen.name == name and name in SUITES[chosen.suite]
    assert chosen.classes == len(load_vocabulary(chosen.vocabulary)) == len(chosen.names)
    assert chosen.expected == EXPECTED.get(name)
    assert chosen.must_occur == tuple(range(chosen.classes))
    assert chosen.url.startswith("http") and chosen.licence and chosen.raw.files and chosen.raw.obtain
    assert chosen.suite == "ovss8" or chosen.values == {0: 0, 1: 1}


def test_facts():
    assert len(benchmark("wbs-si").only) == 499
    assert len(benchmark("potsdam").raw.where["tile"]) == 14 and EXPECTED["potsdam"] == 14 * 144
    assert len(benchmark("vaihingen").raw.where["area"]) == 17
    assert len(benchmark("inria").raw.where["tile"]) * 25 == EXPECTED["inria"]
    assert benchmark("vaihingen").bands == ("near infrared", "red", "green") and "IRRG" in benchmark("vaihingen").note
    assert benchmark("xbd").raw.threshold == 1
    assert {benchmark(name).raw.threshold for name in SUITES["ovss-single"]} == {1, 128}
    assert benchmark("isaid").names[3] == "baseball diamond" and benchmark("potsdam").names[5] == "clutter"
