package dynamodb_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
)

func TestOpenURI(t *testing.T) {
	cfg := awssim.New(awssim.Options{}).Config("us-east-1")
	for store, want := range map[string]string{
		"dynamodb://cordon":                      "",
		"dynamodb://a.b_c-9":                     "",
		"dynamodb://":                            "names no table",
		"dynamodb:///cordon":                     "names no table",
		"dynamodb://co":                          "names no table",
		"dynamodb://cordon/x":                    "names no table",
		"dynamodb://c\u00e4ses":                  "names no table",
		"sqlite:///cordon.db":                    "write store: dynamodb://TABLE",
		"dynamodb://" + strings.Repeat("a", 256): "names no table",
	} {
		_, err := dynamodb.OpenURI(cfg, store, "", "")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", store, err, want)
		}
	}
	cfg.Region = ""
	if _, err := dynamodb.OpenURI(cfg, "dynamodb://cordon", "", ""); err == nil || !strings.Contains(err.Error(), "set AWS_REGION") {
		t.Errorf("without a Region: %v", err)
	}
	if _, err := dynamodb.Open(nil, "cordon", nil); err == nil {
		t.Error("a store without a client")
	}
}

func TestCheckErrors(t *testing.T) {
	schema := func(change func(*awsdynamodb.CreateTableInput)) func(*testing.T, *awsdynamodb.Client) {
		return func(t *testing.T, c *awsdynamodb.Client) {
			in := dynamodb.CreateTableInput(table)
			change(in)
			_, err := c.CreateTable(t.Context(), in)
			must(t, err)
		}
	}
	for name, test := range map[string]struct {
		prepare func(*testing.T, *awsdynamodb.Client)
		deny    string
		want    string
	}{
		"no table": {func(*testing.T, *awsdynamodb.Client) {}, "", "there is no table cordon in us-east-1: make it"},
		"no index": {schema(func(in *awsdynamodb.CreateTableInput) {
			in.GlobalSecondaryIndexes, in.AttributeDefinitions = nil, in.AttributeDefinitions[:2]
		}), "", "and an index list of gsipk and gsisk"},
		"other keys": {schema(func(in *awsdynamodb.CreateTableInput) {
			in.GlobalSecondaryIndexes = nil
			in.KeySchema = []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}}
			in.AttributeDefinitions = []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}}
		}), "", "the table needs the string keys pk and sk"},
		"put denied":    {schema(func(*awsdynamodb.CreateTableInput) {}), "dynamodb:PutItem", "dynamodb:PutItem, dynamodb:Query, dynamodb:UpdateItem on the table"},
		"update denied": {schema(func(*awsdynamodb.CreateTableInput) {}), "dynamodb:UpdateItem", "on the table"},
		"delete denied": {schema(func(*awsdynamodb.CreateTableInput) {}), "dynamodb:DeleteItem", "on the table"},
		"query denied":  {schema(func(*awsdynamodb.CreateTableInput) {}), "dynamodb:Query", "its index list"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := awssim.New(awssim.Options{Authorize: func(c awssim.Check) bool { return c.Action != test.deny }}).Config("us-east-1")
			test.prepare(t, awsdynamodb.NewFromConfig(cfg))
			err := open(t, cfg, table).Check(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), "check case store cordon: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nwant one that says %q", err, test.want)
			}
		})
	}
}

// TestTable looks at the items themselves: which are in the index, which expire, and that all are small.
func TestTable(t *testing.T) {
	a := awssim.New(awssim.Options{})
	cfg := a.Config("us-east-1")
	makeTable(t, cfg, table)
	makeBucket(t, cfg)
	s := open(t, cfg, table)
	o := opening("c-1", "i-1")
	o.Raw = bytes.Repeat([]byte("x"), 300<<10)
	_, _, err := s.OpenCase(t.Context(), o)
	must(t, err)
	for _, r := range []action.Record{
		{Case: "c-1", Action: "ec2.tag", Status: action.Doing, Prior: bytes.Repeat([]byte("1"), 100<<10)},
		{Case: "c-1", Action: "notify.sns/1", Status: action.Doing},
		{Case: "c-1", Action: "notify.sns/2", Status: action.Done},
	} {
		_, err := s.SaveRecord(t.Context(), r)
		must(t, err)
	}
	until := time.Unix(1_700_000_000, 1)
	must(t, s.Suppress(t.Context(), casefile.Suppression{Target: o.Target, Finding: "f-1", Case: "c-1", Until: until}))
	got := []string{}
	for _, i := range items(t, a) {
		line := i["pk"] + " " + i["sk"]
		for _, name := range []string{"gsipk", "ttl"} {
			if i[name] != "" {
				line += " " + name + "=" + i[name]
			}
		}
		got = append(got, line)
		size := 0
		for _, v := range i {
			size += len(v)
		}
		if size > 4<<10 {
			t.Errorf("%s %s has %d bytes", i["pk"], i["sk"], size)
		}
	}
	opened := o.Now.UTC().Format("2006-01-02T15:04:05.000000000Z")
	want := []string{
		"CASE#c-1 CASE gsipk=STATUS#open",
		"CASE#c-1 FINDING#f-1",
		"CASE#c-1 JOURNAL#0000000001",
		"CASE#c-1 JOURNAL#0000000002",
		"CASE#c-1 RECORD#ec2.tag",
		"CASE#c-1 RECORD#notify.sns/1 gsipk=UNSENT",
		"CASE#c-1 RECORD#notify.sns/2",
		"CASE#c-1 RECORDS",
		"TARGET#111122223333/eu-west-1/ec2.instance/i-1 CASE#" + opened + "#c-1",
		"TARGET#111122223333/eu-west-1/ec2.instance/i-1 OPEN",
		"TARGET#111122223333/eu-west-1/ec2.instance/i-1 SUPPRESSED#f-1 ttl=1700000001",
	}
	slices.Sort(got)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("items\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, ok, err := s.Suppressed(t.Context(), o.Target, "f-1", until); ok || err != nil {
		t.Errorf("a suppression that is over and still in the table: %v, %v", ok, err)
	}
	_, err = update(t.Context(), s, "c-1", casefile.Released)
	must(t, err)
	if slices.ContainsFunc(items(t, a), func(i map[string]string) bool { return i["sk"] == "OPEN" }) {
		t.Error("the target of a released case still has an open one")
	}
}

// items are the table's, their values as text.
func items(t *testing.T, a *awssim.Account) (out []map[string]string) {
	t.Helper()
	dump := a.Dump(awssim.DumpOptions{Items: true})
	tables := dump["Regions"].(map[string]any)["us-east-1"].(map[string]any)["DynamoDB"].(map[string]any)["Tables"].(map[string]any)
	for _, i := range tables[table].(map[string]any)["Items"].(map[string]any) {
		one := map[string]string{}
		for name, v := range i.(map[string]any) {
			for _, text := range v.(map[string]any) {
				one[name] = fmt.Sprint(text)
			}
		}
		out = append(out, one)
	}
	return out
}

func TestOverflow(t *testing.T) {
	s, cfg := made(t, awssim.Options{})
	large := []byte(`"` + strings.Repeat("\u00e9", 50_000) + `"`)
	o := opening("c-1", "i-1")
	o.Raw = large
	_, _, err := s.OpenCase(t.Context(), o)
	must(t, err)
	r, err := s.SaveRecord(t.Context(), action.Record{Case: "c-1", Action: "ec2.tag", Request: large, Prior: []byte("\"\xff\""), After: large})
	must(t, err)
	read, _, err := s.Record(t.Context(), "c-1", "ec2.tag")
	if err != nil || !bytes.Equal(read.Request, r.Request) || !bytes.Equal(read.Prior, r.Prior) || !bytes.Equal(read.After, r.After) {
		t.Errorf("what was read is not what was written: %v", err)
	}
	documents, err := s.Documents(t.Context(), "c-1")
	if err != nil || !bytes.Equal(documents["f-1"], large) {
		t.Errorf("the document read is not what was written: %v", err)
	}
	_, _, err = without(t, cfg, table).Record(t.Context(), "c-1", "ec2.tag")
	if err == nil || !strings.Contains(err.Error(), "set vault:") {
		t.Errorf("a store without the bucket: %v", err)
	}
	bucket := cloud.New(cfg, "").S3
	list, err := bucket.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(overflowBucket)})
	if err != nil || len(list.Contents) != 1 || !strings.HasPrefix(*list.Contents[0].Key, "cordon/store/") {
		t.Fatalf("objects %v, %v; want one under cordon/store/", list, err)
	}
	key := list.Contents[0].Key
	_, err = bucket.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(overflowBucket), Key: key, Body: strings.NewReader("{}")})
	must(t, err)
	if _, err = s.Records(t.Context(), "c-1"); err == nil || !strings.Contains(err.Error(), "its content is another") {
		t.Errorf("a spoilt object: %v", err)
	}
	_, err = bucket.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(overflowBucket), Key: key})
	must(t, err)
	if _, err = s.Documents(t.Context(), "c-1"); err == nil || !strings.Contains(err.Error(), "somebody deleted it") {
		t.Errorf("a deleted object: %v", err)
	}
}

func TestTooLarge(t *testing.T) {
	_, cfg := made(t, awssim.Options{})
	s := without(t, cfg, table)
	_, _, err := s.OpenCase(t.Context(), opening("c-1", "i-1"))
	must(t, err)
	saved, err := s.SaveRecord(t.Context(), action.Record{Case: "c-1", Action: "small", Prior: bytes.Repeat([]byte("1"), 300<<10)})
	must(t, err)
	huge := bytes.Repeat([]byte("1"), 401<<10)
	saved.After = huge
	o := opening("c-2", "i-2")
	o.Raw = huge
	_, errSave := s.SaveRecord(t.Context(), action.Record{Case: "c-1", Action: "large", Prior: huge})
	_, errAgain := s.SaveRecord(t.Context(), saved)
	_, _, errOpen := s.OpenCase(t.Context(), o)
	_, errUpdate := s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Reason = string(huge)
		return nil, nil
	})
	_, errEntry := s.Update(t.Context(), "c-1", func(*casefile.Case) ([]casefile.Entry, error) {
		return []casefile.Entry{{Text: string(huge)}}, nil
	})
	for name, err := range map[string]error{"new record": errSave, "record": errAgain, "document": errOpen, "case": errUpdate, "entry": errEntry} {
		var large *dynamodb.TooLargeError
		if !errors.As(err, &large) || large.Bytes < 400<<10 || !strings.Contains(err.Error(), "set vault: s3://BUCKET/PREFIX") {
			t.Errorf("%s: %v, want TooLargeError", name, err)
		}
	}
	if _, err := s.Case(t.Context(), "c-2"); !errors.Is(err, casefile.ErrNotFound) {
		t.Errorf("half of a case is there: %v", err)
	}
	_, err = s.Update(t.Context(), "c-1", func(*casefile.Case) ([]casefile.Entry, error) { return make([]casefile.Entry, 100), nil })
	if err == nil || !strings.Contains(err.Error(), "DynamoDB takes 100") {
		t.Errorf("101 writes at once: %v", err)
	}
	c, err := open(t, cfg, table).Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Reason = string(huge)
		return nil, nil
	})
	if read, errRead := open(t, cfg, table).Case(t.Context(), "c-1"); err != nil || errRead != nil || read.Reason != c.Reason {
		t.Errorf("a large case in the bucket: %v, %v", err, errRead)
	}
	if _, err := update(t.Context(), open(t, cfg, table), "c-1", casefile.Contained); err != nil {
		t.Errorf("update of a large case: %v", err)
	}
}

// TestPages: more than one answer of DynamoDB's holds, and more than one BatchGetItem takes.
func TestPages(t *testing.T) {
	_, cfg := made(t, awssim.Options{})
	s := without(t, cfg, table)
	const cases = 230
	for n := range cases {
		o := opening(fmt.Sprintf("c-%03d", n), "i-1")
		o.Now = time.Unix(int64(1_700_000_000+n), 0)
		_, _, err := s.OpenCase(t.Context(), o)
		must(t, err)
		if n < cases-1 {
			_, err = update(t.Context(), s, o.NewID, casefile.Released)
			must(t, err)
		}
	}
	target := opening("", "i-1").Target
	for name, f := range map[string]casefile.Filter{"all": {}, "target": {Target: &target}, "limit": {Limit: 150}, "limit of target": {Target: &target, Limit: 150}} {
		got, err := s.Cases(t.Context(), f)
		must(t, err)
		want := cases
		if f.Limit > 0 {
			want = f.Limit
		}
		for n, c := range got {
			if c.ID != fmt.Sprintf("c-%03d", cases-1-n) {
				t.Fatalf("%s: case %d is %s", name, n, c.ID)
			}
		}
		if len(got) != want {
			t.Errorf("%s: %d cases, want %d", name, len(got), want)
		}
	}
	for n := range 8 {
		_, err := s.SaveRecord(t.Context(), action.Record{Case: "c-000", Action: fmt.Sprintf("a-%d", n), Prior: bytes.Repeat([]byte("1"), 300<<10)})
		must(t, err)
	}
	for n := range 130 {
		_, err := s.Update(t.Context(), fmt.Sprintf("c-%03d", n), func(c *casefile.Case) ([]casefile.Entry, error) {
			c.Reason = strings.Repeat("x", 200<<10)
			return nil, nil
		})
		must(t, err)
	}
	if got, err := s.Cases(t.Context(), casefile.Filter{}); err != nil || len(got) != cases {
		t.Errorf("%d large cases, %v; want %d", len(got), err, cases)
	}
	if records, err := s.Records(t.Context(), "c-000"); err != nil || len(records) != 8 {
		t.Errorf("%d records, %v; want 8", len(records), err)
	}
}

// TestLongNames: an S3 object's key has up to 1,024 bytes, and what does not print takes more room as text.
func TestLongNames(t *testing.T) {
	s, _ := made(t, awssim.Options{})
	seen := map[string]bool{}
	for n, name := range []string{
		strings.Repeat("\u202e", 340), strings.Repeat("\u202e", 341), strings.Repeat("a", 1023) + "b", strings.Repeat("a", 1023) + "c", "\xff", "\xfe",
	} {
		o := opening(fmt.Sprintf("c-%d", n), name)
		o.Finding.ID = name
		c, created, err := s.OpenCase(t.Context(), o)
		if err != nil || !created || seen[c.ID] {
			t.Errorf("name %d: created %v, %v", n, created, err)
		}
		seen[c.ID] = true
		must(t, s.Suppress(t.Context(), casefile.Suppression{Target: o.Target, Finding: name, Until: time.Now().Add(time.Hour)}))
		if _, ok, err := s.Suppressed(t.Context(), o.Target, name, time.Now()); !ok || err != nil {
			t.Errorf("name %d: suppressed %v, %v", n, ok, err)
		}
		documents, err := s.Documents(t.Context(), c.ID)
		if err != nil || len(documents) != 1 || documents[name] == nil {
			t.Errorf("name %d: %d documents, %v", n, len(documents), err)
		}
	}
	if _, err := s.Case(t.Context(), strings.Repeat("c", 5000)); !errors.Is(err, casefile.ErrNotFound) {
		t.Errorf("a long case id: %v", err)
	}
	if _, err := s.Case(t.Context(), ""); !errors.Is(err, casefile.ErrNotFound) {
		t.Errorf("an empty case id: %v", err)
	}
}

func TestTakenID(t *testing.T) {
	s, _ := made(t, awssim.Options{})
	_, _, err := s.OpenCase(t.Context(), opening("c-1", "i-1"))
	must(t, err)
	if _, _, err = s.OpenCase(t.Context(), opening("c-1", "i-2")); err == nil || !strings.Contains(err.Error(), "case c-1 is there already") {
		t.Errorf("a second case of one id: %v", err)
	}
	if _, err := s.SaveRecord(t.Context(), action.Record{Case: "c-2", Action: "a"}); !errors.Is(err, casefile.ErrNotFound) {
		t.Errorf("a record of no case: %v, want ErrNotFound", err)
	}
}

// TestEveryStatusIsListed: the index is asked for each status, so a new one has to be entered.
func TestEveryStatusIsListed(t *testing.T) {
	s, _ := made(t, awssim.Options{})
	file, err := parser.ParseFile(token.NewFileSet(), "../casefile.go", nil, 0)
	must(t, err)
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || fmt.Sprint(spec.Type) != "Status" {
			return true
		}
		n++
		status := casefile.Status(strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`))
		id := fmt.Sprintf("c-%d", n)
		_, _, err := s.OpenCase(t.Context(), opening(id, id))
		must(t, err)
		_, err = update(t.Context(), s, id, status)
		must(t, err)
		return true
	})
	cases, err := s.Cases(t.Context(), casefile.Filter{})
	if err != nil || len(cases) != n || n < 8 {
		t.Errorf("%d cases of %d statuses are listed, %v", len(cases), n, err)
	}
}

// TestCaseDeletedByHand: a target whose open case somebody took out of the table is answered in a new one.
func TestCaseDeletedByHand(t *testing.T) {
	s, cfg := made(t, awssim.Options{})
	_, _, err := s.OpenCase(t.Context(), opening("c-1", "i-1"))
	must(t, err)
	_, err = awsdynamodb.NewFromConfig(cfg).DeleteItem(t.Context(), &awsdynamodb.DeleteItemInput{TableName: aws.String(table), Key: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "CASE#c-1"}, "sk": &types.AttributeValueMemberS{Value: "CASE"},
	}})
	must(t, err)
	c, created, err := s.OpenCase(t.Context(), opening("c-2", "i-1"))
	if err != nil || !created || c.ID != "c-2" {
		t.Fatalf("opened %s, created %v, %v", c.ID, created, err)
	}
	if c, created, err = s.OpenCase(t.Context(), opening("c-3", "i-1")); err != nil || created || c.ID != "c-2" {
		t.Errorf("opened again: %s, created %v, %v", c.ID, created, err)
	}
	journal, err := s.Journal(t.Context(), "c-2")
	must(t, err)
	if last := journal[len(journal)-1]; !strings.Contains(last.Text, "case c-1") {
		t.Errorf("the journal does not name the case that is gone: %+v", last)
	}
}
