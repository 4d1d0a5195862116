package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// awayRoot holds the data of those folders that PostgreSQL's unprivileged user may not enter.
const awayRoot = "/var/lib/outturn"

// awayLink is the name, in such a folder, of the link to its data.
const awayLink = "elsewhere"

// home is the folder with the cluster and its password.
type home struct {
	path  string
	runAs account
}

func (h home) cluster() string      { return filepath.Join(h.path, "cluster") }
func (h home) unfinished() string   { return filepath.Join(h.path, "cluster.unfinished") }
func (h home) passwordFile() string { return filepath.Join(h.path, "password") }

// awayFrom names the place under awayRoot that belongs to dir, an absolute path.
func awayFrom(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(awayRoot, hex.EncodeToString(sum[:8]))
}

// openHome returns dir itself if the account may enter it, and otherwise its place under awayRoot. The link
// in dir decides whether what stands there still counts: deleting dir deletes the data, wherever it is.
func openHome(ctx context.Context, dir string, runAs account, logger *slog.Logger) (home, error) {
	away := awayFrom(dir)
	link := filepath.Join(dir, awayLink)
	if target, err := os.Readlink(link); err == nil && target == away && runAs.mayEnter(away) {
		return home{away, runAs}, nil
	}
	if runAs.mayEnter(dir) {
		return home{dir, runAs}, nil
	}
	if err := makeAway(ctx, away, link); err != nil {
		return home{}, err
	}
	if !runAs.mayEnter(away) {
		return home{}, fmt.Errorf("user %s may enter neither %s nor %s: choose a folder that everybody may enter", runAs.name, dir, away)
	}
	logger.Info("PostgreSQL's data stands elsewhere", "folder", dir, "elsewhere", away, "because", "user "+runAs.name+" may not enter the folder")
	return home{away, runAs}, nil
}

func makeAway(ctx context.Context, away, link string) error {
	if err := awaitFormer(ctx, home{path: away}.cluster()); err != nil {
		return err
	}
	if err := os.RemoveAll(away); err != nil {
		return fmt.Errorf("remove a former folder's data: %w", err)
	}
	if err := os.MkdirAll(away, 0o755); err != nil {
		return fmt.Errorf("make a folder outside %s: %w", filepath.Dir(link), err)
	}
	for _, folder := range []string{awayRoot, away} { // whatever the umask is
		if err := os.Chmod(folder, 0o755); err != nil {
			return fmt.Errorf("open a folder to PostgreSQL's user: %w", err)
		}
	}
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace a link: %w", err)
	}
	return os.Symlink(away, link)
}

// version returns the cluster's major version, such as "15", or "" when there is no cluster.
func (h home) version() string {
	written, err := os.ReadFile(filepath.Join(h.cluster(), "PG_VERSION"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(written))
}

// create makes the cluster beside its place and then renames it, so that a crash leaves all of it or nothing.
func (h home) create(ctx context.Context, programs programs, durability Durability) error {
	if err := os.RemoveAll(h.unfinished()); err != nil {
		return fmt.Errorf("remove a half-made cluster: %w", err)
	}
	if err := h.writePassword(); err != nil {
		return fmt.Errorf("write the password: %w", err)
	}
	if err := os.Mkdir(h.unfinished(), 0o700); err != nil {
		return fmt.Errorf("make the cluster's folder: %w", err)
	}
	if err := h.runAs.own(h.unfinished()); err != nil {
		return err
	}
	args := []string{"-D", h.unfinished(), "--username=" + userName, "--pwfile=" + h.passwordFile(),
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"}
	if durability == Disposable {
		args = append(args, "--no-sync")
	}
	if err := h.initdb(programs.initdb, args); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return os.Rename(h.unfinished(), h.cluster())
}

// initdb runs the program and takes it along when this process is killed (see process.run for the thread).
func (h home) initdb(program string, args []string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := h.runAs.command(h.path, program, args...)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make a cluster in %s: %w: initdb said:\n%s", h.path, err, bytes.TrimSpace(output))
	}
	return nil
}

// writePassword makes a new password and sees to it that it survives a power cut before the cluster does.
func (h home) writePassword() error {
	if err := os.Remove(h.passwordFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(h.passwordFile(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(newPassword())
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return h.runAs.own(h.passwordFile())
}

func (h home) password() (string, error) {
	written, err := os.ReadFile(h.passwordFile())
	if err != nil {
		return "", fmt.Errorf("read the cluster's password: %w: without it delete %s: all of it can be derived again", err, h.path)
	}
	return string(written), nil
}
