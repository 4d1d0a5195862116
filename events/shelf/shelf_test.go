package shelf_test

import (
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/shelf"
)

// TestAShelfIsAMap: whatever is put on shelves upon shelves, merged and dropped,
// a shelf has what a map would have.
func TestAShelfIsAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		shelves := []*shelf.Shelf[string, int]{{}}
		models := []map[string]int{{}}
		keys := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		for i := range 40 {
			top := len(shelves) - 1
			switch rapid.SampledFrom([]string{"put", "put", "put", "load", "fork", "merge", "drop"}).Draw(rt, "step") {
			case "put":
				key := keys.Draw(rt, "key")
				shelves[top].Put(key, i)
				models[top][key] = i
			case "load":
				entries := map[string]int{keys.Draw(rt, "one"): i, keys.Draw(rt, "other"): -i}
				shelves[top].Load(entries)
				maps.Copy(models[top], entries)
			case "fork":
				fork := shelf.On(shelves[top])
				shelves, models = append(shelves, &fork), append(models, maps.Clone(models[top]))
			case "merge":
				if top > 0 {
					shelves[top].Merge()
					if n := len(shelves[top].Own()); n != 0 {
						rt.Fatalf("%d are left on a shelf that was merged", n)
					}
					models[top-1] = maps.Clone(models[top])
				}
			case "drop":
				if top > 0 {
					shelves, models = shelves[:top], models[:top]
				}
			}
			for at, s := range shelves {
				if got := maps.Collect(s.All()); !maps.Equal(got, models[at]) {
					rt.Fatalf("shelf %d has %v, want %v", at, got, models[at])
				}
				for _, key := range []string{"a", "b", "c", "d"} {
					got, ok := s.Get(key)
					if want, there := models[at][key]; got != want || ok != there {
						rt.Fatalf("%s on shelf %d is %d, %t, want %d, %t", key, at, got, ok, want, there)
					}
				}
			}
		}
	})
}

func TestAllYieldsEachKeyOnce(t *testing.T) {
	t.Parallel()
	base := shelf.Shelf[string, int]{}
	base.Load(map[string]int{"a": 1, "b": 1})
	upper := shelf.On(&base)
	upper.Load(map[string]int{"b": 2, "c": 2})
	seen := map[string]int{}
	for key := range upper.All() {
		seen[key]++
	}
	if !maps.Equal(seen, map[string]int{"a": 1, "b": 1, "c": 1}) {
		t.Errorf("yielded %v", seen)
	}
	for range upper.All() {
		break // must not go on
	}
}

// TestAgingForgetsWhatWasNotPutSince: an entry lives through one aging and not
// through two.
func TestAgingForgetsWhatWasNotPutSince(t *testing.T) {
	t.Parallel()
	var s shelf.Shelf[string, int]
	s.Put("old", 1)
	s.Age()
	s.Put("new", 2)
	if _, ok := s.Get("old"); !ok || s.Len() != 2 {
		t.Errorf("after one aging old is there: %t; %d in all", ok, s.Len())
	}
	s.Age()
	if _, ok := s.Get("old"); ok || s.Len() != 1 {
		t.Errorf("after two agings old is there: %t; %d in all", ok, s.Len())
	}
	if value, ok := s.Get("new"); !ok || value != 2 {
		t.Errorf("new is %d, %t", value, ok)
	}
}
