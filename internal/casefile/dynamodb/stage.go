package dynamodb

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// importClaim is the right to write a case's parts before the case is there. It is an item of the case's partition with a nonce,
// which every such write has as its condition, and the import's last transaction takes it away. Any import's last transaction needs
// the claim to be its own, or that there is none: so nobody writes into a case that is there, and no two snapshots are mixed.
type importClaim struct{ id, nonce string }

// claimLasts is how long a claim stands that its import has stopped writing under. It bounds the wait for one that died; that nobody
// else writes is the nonce's doing.
const claimLasts = 10 * time.Second

// largestTransaction is below the 4 MB that TransactWriteItems takes.
const largestTransaction = 3 << 20

// renewal is the write that takes the claim, or keeps it: as a condition, that it is ours.
func (s *Store) renewal(c importClaim, condition string, now time.Time) types.TransactWriteItem {
	values := item{":mine": text(c.nonce), ":until": number(now.Add(claimLasts).UnixNano())}
	if condition == "" {
		condition = "attribute_not_exists(pk) OR nonce = :mine OR until_ns < :now"
		values[":now"] = number(now.UnixNano())
	}
	return s.updating(key(caseKey(c.id), skImport), "SET nonce = :mine, until_ns = :until", condition, values)
}

// endOf is the write that ends a claim that is ours.
func (s *Store) endOf(c importClaim) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName: &s.table, Key: key(caseKey(c.id), skImport), ConditionExpression: aws.String("nonce = :mine"),
		ExpressionAttributeValues: item{":mine": text(c.nonce)},
	}}
}

// noClaim is a write of nothing, under the condition that nobody has the claim.
func (s *Store) noClaim(c importClaim) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName: &s.table, Key: key(caseKey(c.id), skImport), ConditionExpression: aws.String("attribute_not_exists(pk)"),
	}}
}

// stage writes the parts of a case that is not there yet, in the place of what an import that was cut off may have left;
// errOvertaken where another import is at it, or was faster.
func (s *Store) stage(ctx context.Context, c importClaim, parts []types.TransactWriteItem) error {
	if err := s.underClaim(ctx, s.renewal(c, "", time.Now()), nil); err != nil {
		return err
	}
	there, err := s.get(ctx, caseKey(c.id), skCase) // from here on the case comes only with the end of our claim
	switch {
	case err != nil:
		return err
	case there != nil:
		if err := s.underClaim(ctx, s.endOf(c), nil); err != nil {
			return err
		}
		return errOvertaken
	}
	ours := map[string]bool{}
	for _, w := range parts {
		ours[item(w.Put.Item).text(SortKey)] = true
	}
	for _, prefix := range []string{skRecord, skEntry, skDocument} {
		left, err := s.under(ctx, caseKey(c.id), prefix)
		if err != nil {
			return err
		}
		for _, i := range left {
			if sk := i.text(SortKey); !ours[sk] {
				parts = append(parts, types.TransactWriteItem{Delete: &types.Delete{TableName: &s.table, Key: key(caseKey(c.id), sk)}})
			}
		}
	}
	for len(parts) > 0 {
		n := 1
		for n < len(parts) && n < mostWrites-1 && size(parts[:n+1]) <= largestTransaction {
			n++
		}
		if err := s.underClaim(ctx, s.renewal(c, "nonce = :mine", time.Now()), parts[:n]); err != nil {
			return err
		}
		parts = parts[n:]
	}
	return nil
}

// underClaim makes writes together with that of a claim; errOvertaken where its condition does not hold.
func (s *Store) underClaim(ctx context.Context, claim types.TransactWriteItem, writes []types.TransactWriteItem) error {
	err := s.transact(ctx, append([]types.TransactWriteItem{claim}, writes...))
	if refused(err, 0) {
		return errOvertaken
	}
	return err
}

func size(writes []types.TransactWriteItem) (bytes int) {
	for _, w := range writes {
		if w.Put != nil {
			bytes += item(w.Put.Item).size()
		}
	}
	return bytes
}
