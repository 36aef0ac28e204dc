package awssim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func registerSSM(r registry) {
	read(r, "SSM", describeInstanceInformation)
	write(r, "SSM", sendCommand)
	write(r, "SSM", cancelCommand)
	read(r, "SSM", getCommandInvocation)
	read(r, "SSM", listCommands)
	read(r, "SSM", listCommandInvocations)
}

func ssmValidation(format string, args ...any) error {
	return apiError(400, "ValidationException", format, args...)
}

func invalidInstanceID(ids ...string) error {
	return httpError(400, &ssmtypes.InvalidInstanceId{Message: aws.String(fmt.Sprintf("Instances [%v] not in a valid state for account", ids))})
}

func invalidFilterKey(key string) error {
	return httpError(400, &ssmtypes.InvalidFilterKey{Message: aws.String("The filter key " + key + " is not valid.")})
}

// ssmCut cuts one page of sorted keys.
func ssmCut(keys []string, token *string, size *int32, least int) ([]string, *string, error) {
	if size != nil && (int(*size) < least || *size > 50) {
		return nil, nil, ssmValidation("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must be between %d and 50", *size, least)
	}
	if badToken(aws.ToString(token)) {
		return nil, nil, httpError(400, &ssmtypes.InvalidNextToken{Message: aws.String("The specified token is not valid.")})
	}
	page, next := pageAfter(keys, aws.ToString(token), pageSize(size, 50, 50))
	if next == "" {
		return page, nil, nil
	}
	return page, &next, nil
}

func (r *region) platform(id string) ssmtypes.PlatformType {
	if i, ok := r.EC2.Instances[id]; ok && (i.Platform == ec2types.PlatformValuesWindows || strings.HasPrefix(aws.ToString(i.PlatformDetails), "Windows")) {
		return ssmtypes.PlatformTypeWindows
	}
	return ssmtypes.PlatformTypeLinux
}

// describeInstanceInformation lists the hosts whose agent has registered; one that is cut off is ConnectionLost at
// once, where AWS takes some minutes to notice.
func describeInstanceInformation(x *request, in *ssm.DescribeInstanceInformationInput) (*ssm.DescribeInstanceInformationOutput, error) {
	filters := slices.Clone(in.Filters)
	for _, f := range in.InstanceInformationFilterList {
		filters = append(filters, ssmtypes.InstanceInformationStringFilter{Key: aws.String(string(f.Key)), Values: f.ValueSet})
	}
	r := x.st.region(x.Region)
	infos := map[string]ssmtypes.InstanceInformation{}
	for id := range r.SSM.Agents {
		info := x.information(r, id)
		keep := true
		for _, f := range filters {
			hit, err := r.informed(info, f)
			if err != nil {
				return nil, err
			}
			keep = keep && hit
		}
		if keep {
			infos[id] = info
		}
	}
	for _, f := range filters { // also where no host is there to be held against it
		if _, err := r.informed(ssmtypes.InstanceInformation{}, f); err != nil {
			return nil, err
		}
	}
	page, next, err := ssmCut(sortedKeys(infos), in.NextToken, in.MaxResults, 5)
	if err != nil {
		return nil, err
	}
	out := &ssm.DescribeInstanceInformationOutput{InstanceInformationList: []ssmtypes.InstanceInformation{}, NextToken: next}
	for _, id := range page {
		out.InstanceInformationList = append(out.InstanceInformationList, infos[id])
	}
	return out, nil
}

func (x *request) information(r *region, id string) ssmtypes.InstanceInformation {
	a := r.SSM.Agents[id]
	info := ssmtypes.InstanceInformation{
		InstanceId: &id, PlatformType: r.platform(id), ResourceType: ssmtypes.ResourceTypeEc2Instance, SourceId: &id,
		SourceType: ssmtypes.SourceTypeAwsEc2Instance, AgentVersion: aws.String("3.3.2299.0"), IsLatestVersion: aws.Bool(true),
		PingStatus: ssmtypes.PingStatusOnline, LastPingDateTime: aws.Time(x.now), RegistrationDate: aws.Time(a.Joined),
		PlatformName: aws.String("Amazon Linux"), PlatformVersion: aws.String("2023"),
	}
	if !a.Connected {
		info.PingStatus, info.LastPingDateTime = ssmtypes.PingStatusConnectionLost, aws.Time(a.Since)
	}
	if info.PlatformType == ssmtypes.PlatformTypeWindows {
		info.PlatformName, info.PlatformVersion = aws.String("Microsoft Windows Server 2022 Datacenter"), aws.String("10.0.20348")
	}
	for _, eni := range r.EC2.Interfaces {
		if eni.Attachment != nil && aws.ToString(eni.Attachment.InstanceId) == id && aws.ToInt32(eni.Attachment.DeviceIndex) == 0 {
			info.IPAddress, info.ComputerName = clone(eni.PrivateIpAddress), clone(eni.PrivateDnsName)
		}
	}
	return info
}

// informed says whether a host passes one filter.
func (r *region) informed(info ssmtypes.InstanceInformation, f ssmtypes.InstanceInformationStringFilter) (bool, error) {
	key, tags := aws.ToString(f.Key), r.EC2.Tags[aws.ToString(info.InstanceId)]
	if len(f.Values) == 0 {
		return false, httpError(400, &ssmtypes.InvalidInstanceInformationFilterValue{Message: aws.String("The filter " + key + " has no value.")})
	}
	has := func(v string) bool { return slices.Contains(f.Values, v) }
	switch key {
	case "InstanceIds":
		for _, id := range f.Values {
			if !strings.HasPrefix(id, "i-") && !strings.HasPrefix(id, "mi-") {
				return false, invalidInstanceID(id)
			}
		}
		return has(aws.ToString(info.InstanceId)), nil
	case "PingStatus":
		return has(string(info.PingStatus)), nil
	case "PlatformTypes":
		return has(string(info.PlatformType)), nil
	case "ResourceType":
		return has(string(info.ResourceType)) || has("EC2Instance"), nil
	case "AgentVersion":
		return has(aws.ToString(info.AgentVersion)), nil
	case "tag-key":
		return slices.ContainsFunc(f.Values, func(k string) bool { _, ok := tags[k]; return ok }), nil
	}
	if tag, ok := strings.CutPrefix(key, "tag:"); ok {
		value, ok := tags[tag]
		return ok && has(value), nil
	}
	return false, invalidFilterKey(key)
}

// commandKey orders commands from the newest.
func commandKey(c *ssmCommand) string { return fmt.Sprintf("%020d/%s", 1<<62-c.Sent.UnixNano(), c.ID) }

func invalidCommandID() error {
	return httpError(400, &ssmtypes.InvalidCommandId{Message: aws.String("Invalid command id.")})
}

func (s *ssmState) command(id *string) (*ssmCommand, error) {
	c, ok := s.Commands[aws.ToString(id)]
	if !ok {
		return nil, invalidCommandID()
	}
	return c, nil
}

// statusOf is a command's status over all its hosts: that of the worst, unless some are still at work.
func (c *ssmCommand) statusOf() (ssmtypes.CommandStatus, string) {
	rank := map[ssmtypes.CommandInvocationStatus]int{
		ssmtypes.CommandInvocationStatusSuccess: 1, ssmtypes.CommandInvocationStatusCancelled: 2, ssmtypes.CommandInvocationStatusTimedOut: 3,
		ssmtypes.CommandInvocationStatusFailed: 4, ssmtypes.CommandInvocationStatusPending: 5, ssmtypes.CommandInvocationStatusInProgress: 6,
	}
	ids := sortedKeys(c.Invocations)
	worst := slices.MaxFunc(ids, func(a, b string) int {
		return cmp.Compare(rank[c.Invocations[a].Status], rank[c.Invocations[b].Status])
	})
	v := c.Invocations[worst]
	return ssmtypes.CommandStatus(v.Status), v.Details
}
