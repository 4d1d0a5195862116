package local

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// account is the user that PostgreSQL runs as. Without a credential it is the one that runs this process.
type account struct {
	name       string
	credential *syscall.Credential
}

// unprivileged returns the present user, or, because PostgreSQL refuses to run as root, `postgres` or `nobody`.
func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		return account{name: "uid " + strconv.Itoa(os.Geteuid())}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(found.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		return account{name, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`: make one, or run as an ordinary user")
}

// command prepares a program to run as the account in a folder. Of the environment it gets only what
// cannot change the server's settings: PGPORT and its like are the caller's.
func (a account) command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	return cmd
}

// mayEnter reports whether the account may make dir its working folder. It tries: modes do not tell all.
func (a account) mayEnter(dir string) bool {
	return a.command(dir, "true").Run() == nil
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Lchown(path, int(a.credential.Uid), int(a.credential.Gid))
}

// version returns the major version that a PostgreSQL program prints, such as "15".
func (a account) version(program string) (string, error) {
	output, err := a.command("/", program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("user %s: %s --version: %w", a.name, program, err)
	}
	// "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
	_, number, found := strings.Cut(string(output), ") ")
	if !found {
		return "", fmt.Errorf("%s --version: cannot read %q", program, output)
	}
	major, _, _ := strings.Cut(strings.TrimSpace(number), ".")
	return major, nil
}
