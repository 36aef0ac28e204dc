package awssim

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerProfiles(r registry) {
	ec2Write(r, associateProfile)
	ec2Write(r, disassociateProfile)
	ec2Write(r, replaceProfile)
	ec2Read(r, describeProfiles)
}

// profileFor finds in IAM the instance profile that a call names; nil when it names none.
func (x *request) profileFor(spec *ec2types.IamInstanceProfileSpecification) (*ec2types.IamInstanceProfile, error) {
	if spec == nil || spec.Name == nil && spec.Arn == nil {
		return nil, nil
	}
	if spec.Name != nil && spec.Arn != nil {
		return nil, invalidCombination("The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'")
	}
	p, err := x.st.findInstanceProfile(spec)
	if err != nil {
		return nil, apiError(400, "InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile is invalid. Invalid IAM Instance Profile",
			aws.ToString(spec.Name)+aws.ToString(spec.Arn))
	}
	return &ec2types.IamInstanceProfile{Arn: aws.String(*p.Arn), Id: aws.String(*p.InstanceProfileId)}, nil
}

// profileOf is an instance's association, nil if it has none. An instance has one at most.
func (e *ec2State) profileOf(instanceID string) *ec2types.IamInstanceProfileAssociation {
	for _, a := range e.Profiles {
		if *a.InstanceId == instanceID {
			return a
		}
	}
	return nil
}

func (s *state) addAssociation(r *region, now time.Time, instanceID string, p *ec2types.IamInstanceProfile) *ec2types.IamInstanceProfileAssociation {
	a := &ec2types.IamInstanceProfileAssociation{
		AssociationId: aws.String(s.newID("iip-assoc")), InstanceId: aws.String(instanceID), IamInstanceProfile: clone(p),
		State: ec2types.IamInstanceProfileAssociationStateAssociated, Timestamp: aws.Time(now),
	}
	r.EC2.Profiles[*a.AssociationId] = a
	return a
}

func associateProfile(x *request, in *ec2.AssociateIamInstanceProfileInput) (*ec2.AssociateIamInstanceProfileOutput, error) {
	e := x.ec2()
	i, err := find(e.Instances, kindInstance(), aws.ToString(in.InstanceId))
	if err != nil {
		return nil, err
	}
	p, err := x.profileFor(in.IamInstanceProfile)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, missingParameter("IamInstanceProfile")
	}
	if !stateIn(i, ec2types.InstanceStateNamePending, ec2types.InstanceStateNameRunning, ec2types.InstanceStateNameStopping, ec2types.InstanceStateNameStopped) {
		return nil, apiError(400, "IncorrectInstanceState", "The instance '%s' is not in the 'running' or 'stopped' states.", *i.InstanceId)
	}
	if e.profileOf(*i.InstanceId) != nil {
		return nil, apiError(400, "IncorrectState", "There is an existing association for instance %s", *i.InstanceId)
	}
	a := x.st.addAssociation(x.region(), x.now, *i.InstanceId, p)
	return &ec2.AssociateIamInstanceProfileOutput{IamInstanceProfileAssociation: shownAs(a, ec2types.IamInstanceProfileAssociationStateAssociating)}, nil
}

func disassociateProfile(x *request, in *ec2.DisassociateIamInstanceProfileInput) (*ec2.DisassociateIamInstanceProfileOutput, error) {
	e := x.ec2()
	a, err := find(e.Profiles, kindProfile(), aws.ToString(in.AssociationId))
	if err != nil {
		return nil, err
	}
	delete(e.Profiles, *a.AssociationId)
	return &ec2.DisassociateIamInstanceProfileOutput{IamInstanceProfileAssociation: shownAs(a, ec2types.IamInstanceProfileAssociationStateDisassociating)}, nil
}

// replaceProfile gives the instance a new association, with a new id, in place of the one named.
func replaceProfile(x *request, in *ec2.ReplaceIamInstanceProfileAssociationInput) (*ec2.ReplaceIamInstanceProfileAssociationOutput, error) {
	e := x.ec2()
	old, err := find(e.Profiles, kindProfile(), aws.ToString(in.AssociationId))
	if err != nil {
		return nil, err
	}
	p, err := x.profileFor(in.IamInstanceProfile)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, missingParameter("IamInstanceProfile")
	}
	delete(e.Profiles, *old.AssociationId)
	a := x.st.addAssociation(x.region(), x.now, *old.InstanceId, p)
	return &ec2.ReplaceIamInstanceProfileAssociationOutput{IamInstanceProfileAssociation: shownAs(a, ec2types.IamInstanceProfileAssociationStateAssociating)}, nil
}

// shownAs is an association as the call that changed it shows it, still under way.
func shownAs(a *ec2types.IamInstanceProfileAssociation, st ec2types.IamInstanceProfileAssociationState) *ec2types.IamInstanceProfileAssociation {
	out := clone(a)
	out.State = st
	return out
}

func describeProfiles(x *request, in *ec2.DescribeIamInstanceProfileAssociationsInput) (*ec2.DescribeIamInstanceProfileAssociationsOutput, error) {
	e := x.ec2()
	list, err := selected(e.Profiles, kindProfile(), in.AssociationIds)
	if err != nil {
		return nil, err
	}
	type assoc = *ec2types.IamInstanceProfileAssociation
	id := func(a assoc) string { return *a.AssociationId }
	list, err = filtered(e, in.Filters, id, fields[assoc]{
		"instance-id": one(func(a assoc) *string { return a.InstanceId }),
		"state":       func(a assoc) []string { return []string{string(a.State)} },
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, in.AssociationIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeIamInstanceProfileAssociationsOutput{NextToken: next}
	for _, a := range page {
		out.IamInstanceProfileAssociations = append(out.IamInstanceProfileAssociations, clone(*a))
	}
	return out, err
}
