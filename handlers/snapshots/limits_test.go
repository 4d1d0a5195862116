package snapshots_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/snapshots"
)

func TestABundleIsWrittenOnlyIfItCanBeRead(t *testing.T) {
	t.Parallel()
	const room = 1000 // for what the zip adds
	for name, c := range map[string]struct {
		sizes []int
		want  error
	}{
		"as large as it may be":   {[]int{snapshots.MaxBytes - room}, nil},
		"larger":                  {[]int{snapshots.MaxBytes}, snapshots.ErrTooLarge},
		"as many as there may be": {make([]int, snapshots.MaxFiles), nil},
		"more":                    {make([]int, snapshots.MaxFiles+1), snapshots.ErrTooLarge},
	} {
		if err := snapshots.Fits(c.sizes...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestMoreFilesThanThereMayBeAreNotRead(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{}
	for i := range snapshots.MaxFiles + 1 {
		files[fmt.Sprintf("f%d", i)] = nil
	}
	if found := verify(snapshots.Pack(files)); !strings.Contains(found.Problems[0].Detail, "at most 10000") {
		t.Errorf("%+v", found.Problems)
	}
	delete(files, "f0")
	if found := verify(snapshots.Pack(files)); !strings.Contains(found.Problems[0].File, "manifest.json") {
		t.Errorf("%+v", found.Problems)
	}
}

func TestAPathThatIsTooLongIsNotRead(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]string{snapshots.MaxPath: "it is not there", snapshots.MaxPath + 1: "not a path"} {
		found := verify(snapshots.Pack(map[string][]byte{strings.Repeat("a", length): nil}))
		if !strings.Contains(found.Problems[0].Detail, want) {
			t.Errorf("a path of %d bytes: %+v", length, found.Problems)
		}
	}
}
