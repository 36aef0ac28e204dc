package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/casefile"
)

// stored is a case with what the table knows besides: its version, and its journal's length.
type stored struct {
	casefile.Case
	version, entries int64
}

// OpenCase implements casefile.Store. A finding that is known costs two reads and no write; a new case one read and
// one transaction. Before is asked beside the first read.
func (s *Store) OpenCase(ctx context.Context, o casefile.Opening) (c casefile.Case, created bool, err error) {
	if err = o.Check(); err == nil {
		c, created, err = s.openBegun(ctx, o)
	}
	if err != nil {
		return casefile.Case{}, false, fmt.Errorf("open case of %s: %w", o.Target, err)
	}
	return c, created, nil
}

// openBegun asks Before, and then makes or reads the case, again where another writer was first.
func (s *Store) openBegun(ctx context.Context, o casefile.Opening) (c casefile.Case, created bool, err error) {
	var open, document item // the document is made once, when it is needed
	var g errgroup.Group
	g.Go(func() error { return o.Ask(ctx) })
	g.Go(func() (err error) { open, err = s.get(ctx, targetKey(o.Target), skOpen); return err })
	if err := g.Wait(); err != nil {
		return c, false, err
	}
	again := false
	err = s.again(ctx, func() (err error) {
		if again {
			if open, err = s.get(ctx, targetKey(o.Target), skOpen); err != nil {
				return err
			}
		}
		again = true
		c, created, err = s.openCase(ctx, o, open, &document)
		return err
	})
	return c, created, err
}

// openCase is openBegun with the target's open case as it was read, nil for none.
func (s *Store) openCase(
	ctx context.Context, o casefile.Opening, open item, document *item,
) (c casefile.Case, created bool, err error) {
	if open == nil {
		c, entries := o.Case()
		return c, true, s.create(ctx, c, entries, o, document, "")
	}
	id := open.text("case_id")
	was, err := s.load(ctx, id)
	if errors.Is(err, casefile.ErrNotFound) { // deleted by hand: that must not leave the target without an answer
		c, entries := o.Case()
		entries = append(entries, casefile.Entry{At: c.Opened, By: o.By, Event: "note", Text: "case " + id + " of this target was open, and is not in the table any more"})
		return c, true, s.create(ctx, c, entries, o, document, id)
	}
	if err != nil {
		return c, false, err
	}
	if was.Status == casefile.Released { // since the first read
		return c, false, errOvertaken
	}
	c, entry, ok := was.Admit(o)
	if !ok {
		return c, false, nil
	}
	return c, false, s.replace(ctx, was, c, []casefile.Entry{entry}, o, document)
}

// create writes a new case with all that belongs to it, unless the target has an open one. gone is an open one that does
// not exist any more.
func (s *Store) create(ctx context.Context, c casefile.Case, entries []casefile.Entry, o casefile.Opening, document *item, gone string) error {
	i, err := s.encodeCase(ctx, stored{c, 1, int64(len(entries))})
	if err != nil {
		return err
	}
	if c.Lease.Owner != "" {
		i["lease_owner"], i["lease_until"] = text(c.Lease.Owner), number(c.Lease.Until.UnixNano())
	}
	target, id := targetKey(c.Target), text(c.ID)
	open := item{PartitionKey: text(target), SortKey: text(skOpen), "case_id": id}
	claim := s.putting(open, "attribute_not_exists(pk)")
	if gone != "" {
		claim = s.putting(open, "case_id = :gone")
		claim.Put.ExpressionAttributeValues = item{":gone": text(gone)}
	}
	writes := []types.TransactWriteItem{
		claim,
		s.putting(i, "attribute_not_exists(pk)"),
		s.putting(item{PartitionKey: text(caseKey(c.ID)), SortKey: text(skRecords), "records": number(0)}, ""),
		s.putting(item{PartitionKey: text(target), SortKey: text(skCaseOf + caseOrder(c)), "case_id": id}, ""),
	}
	if writes, err = s.addEntries(ctx, writes, c.ID, 0, entries); err != nil {
		return err
	}
	if writes, err = s.addDocument(ctx, writes, c.ID, o, document); err != nil {
		return err
	}
	err = s.transact(ctx, writes)
	if refused(err, 0) {
		return errOvertaken
	}
	if err == nil {
		s.inserts.counted(c.ID, 0, true)
	}
	if refused(err, 1) {
		return fmt.Errorf("case %s is there already: %w", c.ID, err)
	}
	return err
}

// replace writes c and entries in the place of was, unless the case has changed since. o, if it has a document,
// brings that.
func (s *Store) replace(ctx context.Context, was stored, c casefile.Case, entries []casefile.Entry, o casefile.Opening, document *item) error {
	i, err := s.encodeCase(ctx, stored{c, was.version + 1, was.entries + int64(len(entries))})
	if err != nil {
		return err
	}
	if err := i.fits(); err != nil {
		return err
	}
	// The lease is left as it is: it may be another one by now.
	set, values := "SET version = :version, entries = :entries, gsipk = :gsipk, gsisk = :gsisk", item{
		":version": i["version"], ":entries": i["entries"], ":gsipk": i[IndexPartitionKey], ":gsisk": i[IndexSortKey], ":was": number(was.version),
	}
	if token, waits := i[taskToken]; waits {
		set += ", task_token = :token"
		values[":token"] = token
	}
	if ref, large := i[hash("body")]; large {
		set += ", body_sha256 = :body REMOVE body"
		values[":body"] = ref
	} else {
		set += ", body = :body REMOVE body_sha256"
		values[":body"] = i["body"]
	}
	if c.TaskToken() == "" {
		set += ", task_token"
	}
	writes := []types.TransactWriteItem{s.updating(key(caseKey(c.ID), skCase), set, "version = :was", values)}
	if c.Status == casefile.Released && was.Status != casefile.Released {
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &s.table, Key: key(targetKey(c.Target), skOpen), ConditionExpression: aws.String("case_id = :id"),
			ExpressionAttributeValues: item{":id": text(c.ID)},
		}})
	}
	if writes, err = s.addEntries(ctx, writes, c.ID, was.entries, entries); err != nil {
		return err
	}
	if writes, err = s.addDocument(ctx, writes, c.ID, o, document); err != nil {
		return err
	}
	err = s.transact(ctx, writes)
	if refused(err, 0) {
		return errOvertaken
	}
	return err
}

// Case implements casefile.Store. The read is consistent.
func (s *Store) Case(ctx context.Context, id string) (c casefile.Case, err error) {
	err = s.again(ctx, func() error {
		was, err := s.load(ctx, id)
		c = was.Case
		return err
	})
	if err != nil {
		return casefile.Case{}, fmt.Errorf("read case %s: %w", id, err)
	}
	return c, nil
}

// Update implements casefile.Store: one read and one transaction, again where another writer was first.
func (s *Store) Update(ctx context.Context, id string, f func(*casefile.Case) ([]casefile.Entry, error)) (c casefile.Case, err error) {
	err = s.again(ctx, func() error {
		was, err := s.load(ctx, id)
		if err != nil {
			return err
		}
		var entries []casefile.Entry
		var changed bool
		if c, entries, changed, err = was.Change(f, time.Now()); err != nil || !changed {
			return err
		}
		return s.replace(ctx, was, c, entries, casefile.Opening{}, nil)
	})
	if err != nil {
		return casefile.Case{}, fmt.Errorf("update case %s: %w", id, err)
	}
	return c, nil
}

// taskToken is the attribute of an approval's token, which is in no body.
const taskToken = "task_token"

// load reads a case; casefile.ErrNotFound.
func (s *Store) load(ctx context.Context, id string) (stored, error) {
	i, err := s.get(ctx, caseKey(id), skCase)
	switch {
	case err != nil:
		return stored{}, err
	case i == nil:
		return stored{}, casefile.ErrNotFound
	}
	return s.decodeCase(ctx, i)
}

// encodeCase is the case's item, but for the lease.
func (s *Store) encodeCase(ctx context.Context, c stored) (item, error) {
	i := key(caseKey(c.ID), skCase)
	i["version"], i["entries"] = number(c.version), number(c.entries)
	i[IndexPartitionKey], i[IndexSortKey] = text(statusPartition(c.Status)), text(caseOrder(c.Case))
	if token := c.TaskToken(); token != "" {
		i[taskToken] = text(token)
	}
	c.Lease = casefile.Lease{}
	return i, s.keepBody(ctx, i, c.Case)
}

func (s *Store) decodeCase(ctx context.Context, i item) (stored, error) {
	c := stored{version: i.number("version"), entries: i.number("entries")}
	body, err := s.kept(ctx, i, "body")
	if err != nil {
		return stored{}, err
	}
	if c.Case, err = casefile.DecodeCase(body); err != nil {
		return stored{}, i.named(err)
	}
	c.Lease = lease(i)
	c.SetTaskToken(i.text(taskToken))
	return c, nil
}
