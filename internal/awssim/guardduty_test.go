package awssim

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	hubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"cordon/internal/cloud"
)

func TestArchiveFindings(t *testing.T) {
	a := New(Options{})
	if err := Demo(a); err != nil {
		t.Fatal(err)
	}
	client := guardduty.NewFromConfig(a.Config(DemoRegion))
	mine, other := demoDetector, "12abc34d567e8fa901bc2d34e56789f0"
	for _, tt := range []struct {
		name, detector string
		ids            []string
		want           string
	}{
		{"archived", mine, []string{"b", "a"}, ""},
		{"again", mine, []string{"a"}, ""},
		{"another detector", other, []string{"c"}, "BadRequestException"},
		{"too many", mine, make([]string, 51), "BadRequestException"},
	} {
		_, err := client.ArchiveFindings(t.Context(), &guardduty.ArchiveFindingsInput{DetectorId: &tt.detector, FindingIds: tt.ids})
		if got := cloud.Code(err); got != tt.want {
			t.Errorf("%s: %v, want code %q", tt.name, err, tt.want)
		}
	}
	if got := a.st.region(DemoRegion).GuardDuty.Archived; !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("archived %v", got)
	}
	if out, err := client.GetAdministratorAccount(t.Context(), &guardduty.GetAdministratorAccountInput{DetectorId: &mine}); err != nil || out.Administrator != nil {
		t.Errorf("administrator: %+v, %v", out, err)
	}
	hub := securityhub.NewFromConfig(a.Config(DemoRegion))
	id, product := "finding", "arn:aws:securityhub:us-east-1::product/aws/guardduty"
	_, err := hub.BatchUpdateFindings(t.Context(), &securityhub.BatchUpdateFindingsInput{
		FindingIdentifiers: []hubtypes.AwsSecurityFindingIdentifier{{Id: &id, ProductArn: &product}},
	})
	if cloud.Code(err) != "InvalidAccessException" {
		t.Errorf("a hub that is off: %v", err)
	}
}
