// Package shelf has one thing: a map that may rest on another map. What is put
// on a shelf covers what lies below, until it is merged down or dropped. Whoever
// decides several things that stand or fall together decides them on a shelf.
package shelf

import (
	"iter"
	"maps"
)

// Shelf is a map that may rest on another one. The zero value is empty and rests
// on nothing. It is not safe for concurrent use.
type Shelf[K comparable, V any] struct {
	base *Shelf[K, V]
	own  map[K]V
}

// On makes an empty shelf that rests on base. The base must not change while the
// shelf is used.
func On[K comparable, V any](base *Shelf[K, V]) Shelf[K, V] { return Shelf[K, V]{base: base} }

// Get finds what was put under a key, here or below.
func (s *Shelf[K, V]) Get(key K) (V, bool) {
	for at := s; at != nil; at = at.base {
		if value, ok := at.own[key]; ok {
			return value, true
		}
	}
	var none V
	return none, false
}

// Put puts a value under a key.
func (s *Shelf[K, V]) Put(key K, value V) {
	if s.own == nil {
		s.own = make(map[K]V)
	}
	s.own[key] = value
}

// Load puts all entries.
func (s *Shelf[K, V]) Load(entries map[K]V) {
	for key, value := range entries {
		s.Put(key, value)
	}
}

// Own returns what was put on this very shelf. The map is the shelf's: read it
// before the shelf changes again.
func (s *Shelf[K, V]) Own() map[K]V { return s.own }

// All yields what can be got, each key once, in no order. Nothing may be put on
// the shelf meanwhile.
func (s *Shelf[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for at := s; at != nil; at = at.base {
			for key, value := range at.own {
				if !s.covers(at, key) && !yield(key, value) {
					return
				}
			}
		}
	}
}

// covers says whether a key lies on a shelf above one of those below.
func (s *Shelf[K, V]) covers(below *Shelf[K, V], key K) bool {
	for at := s; at != below; at = at.base {
		if _, ok := at.own[key]; ok {
			return true
		}
	}
	return false
}

// Merge puts everything on the shelf below and leaves this one empty. It must
// rest on one.
func (s *Shelf[K, V]) Merge() {
	if s.base.own == nil {
		s.base.own = make(map[K]V, len(s.own))
	}
	maps.Copy(s.base.own, s.own)
	clear(s.own)
}

// Age drops what lies on the shelf below and lays down there what is on this
// one, which is left empty. Called from time to time, it bounds a shelf to what
// was put on it lately; a shelf that is aged rests on one of its own.
func (s *Shelf[K, V]) Age() {
	s.base, s.own = &Shelf[K, V]{own: s.own}, nil
}

// Len counts what was put on this shelf and on those below.
func (s *Shelf[K, V]) Len() int {
	n := 0
	for at := s; at != nil; at = at.base {
		n += len(at.own)
	}
	return n
}
