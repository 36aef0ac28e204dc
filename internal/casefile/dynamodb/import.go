package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

// Import implements casefile.Store. The case is there with the last transaction, which has all that other reads than those
// of the case find; the rest of a case that is too long for one is written before, and nothing finds it until then.
func (s *Store) Import(ctx context.Context, snapshot casefile.Snapshot) (written bool, err error) {
	if err = snapshot.Check(); err == nil {
		c := importClaim{snapshot.Case.ID, rand.Text()}
		err = s.again(ctx, func() (err error) {
			written, err = s.importCase(ctx, snapshot, c)
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("import case %s: %w", snapshot.Case.ID, err)
	}
	return written, nil
}

func (s *Store) importCase(ctx context.Context, snapshot casefile.Snapshot, claim importClaim) (written bool, err error) {
	there, err := s.snapshotOf(ctx, snapshot.Case.ID)
	if err == nil {
		return false, snapshot.Differs(there)
	}
	if !errors.Is(err, casefile.ErrNotFound) {
		return false, err
	}
	last, err := s.caseWrites(ctx, snapshot)
	if err != nil {
		return false, err
	}
	for _, more := range []func(context.Context, casefile.Snapshot) ([]types.TransactWriteItem, error){s.suppressionWrites, s.countWrites} {
		writes, err := more(ctx, snapshot)
		if err != nil {
			return false, err
		}
		last = append(last, writes...)
	}
	parts, err := s.partWrites(ctx, snapshot)
	if err != nil {
		return false, err
	}
	left, err := s.get(ctx, caseKey(claim.id), skImport)
	if err != nil {
		return false, err
	}
	if left == nil && len(last)+len(parts) < mostWrites && size(last)+size(parts) <= largestTransaction {
		last = append(append(last, parts...), s.noClaim(claim))
	} else {
		if err := s.stage(ctx, claim, parts); err != nil {
			return false, err
		}
		last = append(last, s.endOf(claim))
	}
	err = s.transact(ctx, last)
	for n := range last {
		if refused(err, n) { // by what another process wrote since this one looked
			return false, errOvertaken
		}
	}
	return err == nil, err
}

// caseWrites are the case's item and what leads to it. An open case takes its target's place, which has to be free.
func (s *Store) caseWrites(ctx context.Context, snapshot casefile.Snapshot) ([]types.TransactWriteItem, error) {
	c := snapshot.Case
	i, err := s.encodeCase(ctx, stored{c, 1, int64(len(snapshot.Journal))})
	if err != nil {
		return nil, err
	}
	target, id := targetKey(c.Target), text(c.ID)
	writes := []types.TransactWriteItem{
		s.putting(i, "attribute_not_exists(pk)"),
		s.putting(item{PartitionKey: text(caseKey(c.ID)), SortKey: text(skRecords), "records": number(len(snapshot.Records))}, ""),
		s.putting(item{PartitionKey: text(target), SortKey: text(skCaseOf + caseOrder(c)), "case_id": id}, ""),
	}
	for _, r := range snapshot.Records {
		if !unsent(r) {
			continue
		}
		i, err := s.recordItem(ctx, r)
		if err != nil {
			return nil, err
		}
		writes = append(writes, s.putting(i, ""))
	}
	if c.Status == casefile.Released {
		return writes, nil
	}
	open, err := s.get(ctx, target, skOpen)
	if err != nil {
		return nil, err
	}
	claim := s.putting(item{PartitionKey: text(target), SortKey: text(skOpen), "case_id": id}, "attribute_not_exists(pk)")
	if open != nil {
		was := open.text("case_id")
		switch _, err := s.load(ctx, was); {
		case err == nil:
			return nil, &casefile.TakenError{Case: c.ID, Open: was}
		case !errors.Is(err, casefile.ErrNotFound):
			return nil, err
		}
		claim.Put.ConditionExpression = aws.String("case_id = :gone") // deleted by hand
		claim.Put.ExpressionAttributeValues = item{":gone": text(was)}
	}
	return append(writes, claim), nil
}

// partWrites are the items that are read with the case alone.
func (s *Store) partWrites(ctx context.Context, snapshot casefile.Snapshot) (writes []types.TransactWriteItem, err error) {
	id := snapshot.Case.ID
	for _, e := range snapshot.Journal {
		i := key(caseKey(id), entryKey(e.Seq))
		if err := s.keepBody(ctx, i, e); err != nil {
			return nil, err
		}
		writes = append(writes, s.putting(i, ""))
	}
	for _, r := range snapshot.Records {
		if unsent(r) {
			continue
		}
		i, err := s.recordItem(ctx, r)
		if err != nil {
			return nil, err
		}
		writes = append(writes, s.putting(i, ""))
	}
	for finding, raw := range snapshot.Documents {
		i := key(caseKey(id), documentKey(finding))
		i["finding"] = content([]byte(finding))
		if err := s.keep(ctx, i, "raw", raw, smallContent); err != nil {
			return nil, err
		}
		writes = append(writes, s.putting(i, ""))
	}
	return writes, nil
}

// recordItem is a record with its number and version.
func (s *Store) recordItem(ctx context.Context, r action.Record) (item, error) {
	r.Version-- // encodeRecord makes the next one
	i, err := s.encodeRecord(ctx, r)
	if err == nil {
		i["seq"] = number(r.Seq)
		listUnsent(i, r)
	}
	return i, err
}

// suppressionWrites are those of suppressions that the table has nothing in the place of.
func (s *Store) suppressionWrites(ctx context.Context, snapshot casefile.Snapshot) (writes []types.TransactWriteItem, err error) {
	for _, p := range snapshot.Suppressions {
		i, err := s.suppressionItem(ctx, p)
		if err != nil {
			return nil, err
		}
		there, err := s.get(ctx, i.text(PartitionKey), i.text(SortKey))
		if err != nil {
			return nil, err
		}
		if there == nil {
			writes = append(writes, s.putting(i, "attribute_not_exists(pk)"))
		}
	}
	return writes, nil
}

// countWrites are those of the limits' tallies in which the case is to be counted, and is not.
func (s *Store) countWrites(ctx context.Context, snapshot casefile.Snapshot) (writes []types.TransactWriteItem, err error) {
	for _, c := range snapshot.Counted {
		if !c.Until.After(time.Now()) {
			continue
		}
		was, err := s.counted(ctx, []casefile.Limit{{Scope: c.Scope}})
		if err != nil {
			return nil, err
		}
		if _, counted := was.tallies[c.Scope][snapshot.Case.ID]; counted {
			continue
		}
		write, err := s.countWrite(ctx, was, snapshot.Case.ID, casefile.Admission{Scope: c.Scope, Keep: c.Until.Sub(c.At)}, c.At)
		if err != nil {
			return nil, err
		}
		writes = append(writes, write)
	}
	return writes, nil
}

// ImportPauses implements casefile.Store. A long journal is written in parts, each of which leaves the table as it was after the last
// entry in it.
func (s *Store) ImportPauses(ctx context.Context, entries []casefile.Entry) (written bool, err error) {
	for more := true; more && err == nil; written = written || more {
		err = s.again(ctx, func() (err error) {
			more, err = s.importPauses(ctx, entries)
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("import pauses: %w", err)
	}
	return written, nil
}

// importPauses writes as many entries as a transaction takes; more is false where there were none to write.
func (s *Store) importPauses(ctx context.Context, entries []casefile.Entry) (more bool, err error) {
	had, err := s.Pauses(ctx)
	if err != nil {
		return false, err
	}
	missing, _, err := casefile.PausesAfter(had, entries)
	if err != nil || len(missing) == 0 {
		return false, err
	}
	upTo := partOfPauses(missing)
	_, left, err := casefile.PausesAfter(nil, entries[:len(had)+upTo])
	if err != nil {
		return false, err
	}
	is := key(pkPause, skPause)
	is["entries"] = number(len(had) + upTo)
	if left != nil {
		if err := s.keepBody(ctx, is, left); err != nil {
			return false, err
		}
	}
	write := s.putting(is, "attribute_not_exists(pk)")
	if len(had) > 0 {
		write = s.putting(is, "entries = :was")
		write.Put.ExpressionAttributeValues = item{":was": number(len(had))}
	}
	writes := []types.TransactWriteItem{write}
	for _, e := range missing[:upTo] {
		i := key(pkPause, entryKey(e.Seq))
		if err := s.keepBody(ctx, i, e); err != nil {
			return false, err
		}
		writes = append(writes, s.putting(i, "attribute_not_exists(pk)"))
	}
	err = s.transact(ctx, writes)
	if refused(err, 0) {
		return false, errOvertaken
	}
	return err == nil, err
}

// partOfPauses is how many of the entries to write at once. A part that is not the last ends with a resumption, if there is one: a
// pause that is over long since should not hold anything up, not even for the moment between two parts.
func partOfPauses(missing []casefile.Entry) int {
	if len(missing) < mostWrites {
		return len(missing)
	}
	for n := mostWrites - 1; n > 0; n-- {
		if missing[n-1].Event == "resumed" {
			return n
		}
	}
	return mostWrites - 1
}
