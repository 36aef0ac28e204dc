package dynamodb

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/casefile"
)

// addEntries adds the writes of journal entries, numbered from after last. An entry that is there is never written over.
func (s *Store) addEntries(ctx context.Context, writes []types.TransactWriteItem, id string, last int64, entries []casefile.Entry) ([]types.TransactWriteItem, error) {
	for n, e := range entries {
		e.Seq = int(last) + 1 + n
		i := key(caseKey(id), entryKey(e.Seq))
		if err := s.keepBody(ctx, i, e); err != nil {
			return nil, err
		}
		writes = append(writes, s.putting(i, "attribute_not_exists(pk)"))
	}
	return writes, nil
}

// addDocument adds the write of an opening's document, which it makes where made is empty.
func (s *Store) addDocument(ctx context.Context, writes []types.TransactWriteItem, id string, o casefile.Opening, made *item) ([]types.TransactWriteItem, error) {
	if len(o.Raw) == 0 {
		return writes, nil
	}
	if *made == nil {
		i := item{"finding": content([]byte(o.Finding.ID))}
		if err := s.keep(ctx, i, "raw", o.Raw, smallContent); err != nil {
			return nil, err
		}
		*made = i
	}
	i := key(caseKey(id), documentKey(o.Finding.ID))
	for name, v := range *made {
		i[name] = v
	}
	return append(writes, s.putting(i, "")), nil
}

// Journal implements casefile.Store.
func (s *Store) Journal(ctx context.Context, id string) (entries []casefile.Entry, err error) {
	items, err := s.under(ctx, caseKey(id), skEntry)
	if err == nil && len(items) == 0 { // a case has at least the entry of its opening
		err = casefile.ErrNotFound
	}
	for _, i := range items {
		var e casefile.Entry
		if err == nil {
			err = s.body(ctx, i, &e)
		}
		entries = append(entries, e)
	}
	if err != nil {
		return nil, fmt.Errorf("read journal of case %s: %w", id, err)
	}
	return entries, nil
}

// Documents implements casefile.Store.
func (s *Store) Documents(ctx context.Context, id string) (map[string]json.RawMessage, error) {
	items, err := s.under(ctx, caseKey(id), skDocument)
	if err == nil && len(items) == 0 {
		_, err = s.load(ctx, id)
	}
	raw := make([]json.RawMessage, len(items))
	if err == nil {
		err = each(ctx, len(items), func(ctx context.Context, n int) (err error) {
			raw[n], err = s.kept(ctx, items[n], "raw")
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read findings of case %s: %w", id, err)
	}
	documents := make(map[string]json.RawMessage, len(items))
	for n, i := range items {
		documents[i.text("finding")] = raw[n]
	}
	return documents, nil
}
