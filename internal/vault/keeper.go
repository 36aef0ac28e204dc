package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
)

// parallel is how many reads or writes one call makes side by side.
const parallel = 8

// errTaken is files' error of a key that is there already.
var errTaken = errors.New("the key exists")

// files is what a kind of vault does differently. Keys are relative, clean and separated with "/".
type files interface {
	// create writes content under key, all or nothing and durably; errTaken where there is something already.
	create(ctx context.Context, key string, content []byte) error
	// open reads the content under key; ErrNotFound.
	open(ctx context.Context, key string) (io.ReadCloser, error)
	// read is open to the end.
	read(ctx context.Context, key string) ([]byte, error)
	// list gives the keys that begin with prefix, which ends in "/".
	list(ctx context.Context, prefix string) ([]string, error)
	// uri is where key is.
	uri(key string) string
	// name is the last part of the key of a piece of evidence.
	name(name string) string
	// facts is what S3 says of the object under key, and its size; ErrNotFound. The files of a directory have none: ok is false.
	facts(ctx context.Context, key string) (u action.Uploaded, ok bool, err error)
	// bucket is Vault.Bucket of a prefix.
	bucket(prefix string) (bucket, key string, ok bool)
	// private is Vault.Private.
	private(ctx context.Context) error
	// check is Vault.Check.
	check(ctx context.Context) error
}

// keeper is the Vault over any files.
type keeper struct {
	files  files
	chains chains
}

var _ Vault = (*keeper)(nil)

func (k *keeper) key(caseID, name string) string {
	return cleanSegment(caseID) + "/" + k.files.name(name)
}

// Put implements Vault. A Put that was killed between content and entry is completed by the next one. The manifest
// is read while the content is on its way.
func (k *keeper) Put(ctx context.Context, caseID, name string, content []byte) (action.Artifact, Entry, error) {
	a, e, err := k.put(ctx, caseID, name, content)
	if err != nil && !errors.Is(err, ErrExists) && ctx.Err() == nil { // the content may be there, and not be chained
		a, e, err = k.put(ctx, caseID, name, content)
	}
	if err != nil {
		return action.Artifact{}, Entry{}, fmt.Errorf("put evidence %q of case %s: %w", name, caseID, err)
	}
	return a, e, nil
}

func (k *keeper) put(ctx context.Context, caseID, name string, content []byte) (action.Artifact, Entry, error) {
	if err := check(caseID, name); err != nil {
		return action.Artifact{}, Entry{}, err
	}
	e := Entry{Name: name, SHA256: digest(content), Bytes: int64(len(content))}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		key := k.key(caseID, name)
		err := k.files.create(gctx, key, content)
		if !errors.Is(err, errTaken) {
			return err
		}
		there, size, err := k.hash(gctx, key)
		if err == nil && (there != e.SHA256 || size != e.Bytes) {
			err = ErrExists
		}
		return err
	})
	g.Go(func() error {
		c, err := k.lock(gctx, caseID)
		if err == nil {
			c.unlock()
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return action.Artifact{}, Entry{}, err
	}
	return k.artifact(ctx, caseID, e)
}

// Adopt implements Vault.
func (k *keeper) Adopt(ctx context.Context, caseID, name string) (action.Artifact, Entry, error) {
	a, e, err := k.adopt(ctx, caseID, name)
	if err != nil {
		return action.Artifact{}, Entry{}, fmt.Errorf("adopt evidence %q of case %s: %w", name, caseID, err)
	}
	return a, e, nil
}

func (k *keeper) adopt(ctx context.Context, caseID, name string) (action.Artifact, Entry, error) {
	if err := check(caseID, name); err != nil {
		return action.Artifact{}, Entry{}, err
	}
	sum, size, err := k.hash(ctx, k.key(caseID, name))
	if err != nil {
		return action.Artifact{}, Entry{}, err
	}
	return k.artifact(ctx, caseID, Entry{Name: name, SHA256: sum, Bytes: size})
}

// artifact chains e and gives what is known of it.
func (k *keeper) artifact(ctx context.Context, caseID string, e Entry) (action.Artifact, Entry, error) {
	e, err := k.link(ctx, caseID, e)
	if err != nil {
		return action.Artifact{}, Entry{}, err
	}
	return action.Artifact{URI: k.URI(caseID, e.Name), SHA256: e.SHA256, Bytes: e.Bytes}, e, nil
}

// Get implements Vault.
func (k *keeper) Get(ctx context.Context, caseID, name string) ([]byte, error) {
	err := check(caseID, name)
	var content []byte
	if err == nil {
		content, err = k.files.read(ctx, k.key(caseID, name))
	}
	if err != nil {
		return nil, fmt.Errorf("read evidence %q of case %s: %w", name, caseID, err)
	}
	return content, nil
}

// Manifest implements Vault. ErrDamaged where an entry cannot be read.
func (k *keeper) Manifest(ctx context.Context, caseID string) ([]Entry, error) {
	entries, err := k.manifest(ctx, caseID)
	if err != nil {
		return nil, fmt.Errorf("read manifest of case %s: %w", caseID, err)
	}
	return entries, nil
}

// URI implements Vault.
func (k *keeper) URI(caseID, name string) string { return k.files.uri(k.key(caseID, name)) }

// Bucket implements Vault.
func (k *keeper) Bucket(caseID string) (bucket, prefix string, ok bool) {
	return k.files.bucket(cleanSegment(caseID) + "/")
}

// Check implements Vault.
func (k *keeper) Check(ctx context.Context) error {
	if err := k.files.check(ctx); err != nil {
		return fmt.Errorf("write evidence vault %s: %w", k.files.uri(""), err)
	}
	return nil
}

// hash reads a piece without keeping it: it may be larger than memory.
func (k *keeper) hash(ctx context.Context, key string) (sum string, size int64, err error) {
	content, err := k.files.open(ctx, key)
	if err != nil {
		return "", 0, err
	}
	defer content.Close()
	h := sha256.New()
	if size, err = io.Copy(h, content); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

func check(caseID, name string) error {
	if err := checkName("the case's id", caseID); err != nil {
		return err
	}
	return checkName("the name", name)
}

// each calls f for 0 to n-1, several at once, and gives the first error.
func each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i := range n {
		g.Go(func() error { return f(ctx, i) })
	}
	return g.Wait()
}
